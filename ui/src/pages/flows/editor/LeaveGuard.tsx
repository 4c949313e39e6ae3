import { useEffect } from "react";
import { useBlocker } from "react-router";
import { Button } from "~/parts/Button";
import { Dialog } from "~/parts/Dialog";

/** Whoever leaves with an unsaved text is asked first: within the page by a dialog, else by the browser. */
export function LeaveGuard({ when }: { when: boolean }) {
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => when && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!when) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [when]);
  return (
    <Dialog
      title="Leave without saving?"
      isOpen={blocker.state === "blocked"}
      onClose={() => blocker.reset?.()}
      actions={
        <>
          <Button onPress={() => blocker.reset?.()}>Stay</Button>
          <Button kind="danger" onPress={() => blocker.proceed?.()}>
            Leave
          </Button>
        </>
      }
    >
      <p>What you changed in this flow is not saved and would be lost.</p>
    </Dialog>
  );
}
