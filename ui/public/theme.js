// Before anything is painted: the theme that was chosen here. Without a choice the system's is used.
try {
  const chosen = localStorage.getItem("runfold.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is closed to us: the system's theme it is.
}
