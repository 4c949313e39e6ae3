/** What is around every page: the menu, the bar with the switches, keys, toasts. */
import { Clock, Keyboard, Menu as MenuIcon, Monitor, Moon, Sun } from "lucide-react";
import { Suspense, useEffect, useRef, useState } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigate, useNavigation } from "react-router";
import { Button, IconButton } from "~/parts/Button";
import { Menu } from "~/parts/Menu";
import { Loading } from "~/parts/Placeholders";
import { usePlainLinks } from "~/parts/PlainLink";
import { zone, zoneText } from "~/time/zone";
import { FreshnessNote } from "./FreshnessNote";
import { KeysDialog } from "./KeysDialog";
import { useKeys } from "./keys";
import { MENU } from "./menu";
import css from "./Shell.module.css";
import { useStore } from "./store";
import { ToastList } from "./ToastList";
import { chosenTheme, type Theme } from "./theme";

export function Shell() {
  const [help, setHelp] = useState(false);
  const [menuOpen, setMenuOpen] = useState(false);
  const navigate = useNavigate();
  usePlainLinks();
  const navigation = useNavigation();
  const lastSearch = useLastSearch();
  useKeys("Everywhere", [
    { keys: "?", does: "Show the keys", run: () => setHelp(true) },
    ...MENU.map((place) => ({
      keys: `g ${place.key}`,
      does: `Go to ${place.title}`,
      run: () => void navigate(place.path + lastSearch(place.path)),
    })),
  ]);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: every other place closes it
  useEffect(() => setMenuOpen(false), [pathname]);
  return (
    <div className={css.shell}>
      <a href="#main" className={css.skip}>
        Skip to the content
      </a>
      <header className={css.bar}>
        <span className={css.burger}>
          <IconButton label="Menu" pressed={menuOpen} onPress={() => setMenuOpen(!menuOpen)}>
            <MenuIcon size={17} />
          </IconButton>
        </span>
        <Link to="/" className={css.brand}>
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width={20} height={20} />
          Runfold
        </Link>
        <span className={css.busy} data-on={navigation.state !== "idle" || undefined} aria-hidden />
        <div className={css.tools}>
          <FreshnessNote />
          <ZoneSwitch />
          <ThemeSwitch />
          <IconButton label="Keys (?)" onPress={() => setHelp(true)}>
            <Keyboard size={16} />
          </IconButton>
        </div>
      </header>
      <nav className={css.menu} aria-label="Pages" data-open={menuOpen || undefined}>
        {MENU.map(({ path, title, icon: Icon }) => (
          <NavLink
            key={path}
            to={path + (pathname === path ? "" : lastSearch(path))}
            end={path === "/"}
            className={css.place}
          >
            <Icon size={16} strokeWidth={1.9} aria-hidden /> {title}
          </NavLink>
        ))}
      </nav>
      <main id="main" className={css.main} tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      <KeysDialog isOpen={help} onClose={() => setHelp(false)} />
      <ToastList />
    </div>
  );
}

/** Lists keep their filters: the menu leads back to where one was. */
function useLastSearch(): (path: string) => string {
  const location = useLocation();
  const searches = useRef(new Map<string, string>());
  useEffect(() => {
    searches.current.set(location.pathname, location.search);
  }, [location]);
  return (path) => searches.current.get(path) ?? "";
}

function ZoneSwitch() {
  const of = useStore(zone);
  return (
    <Button kind="quiet" small onPress={() => zone.set(of === "utc" ? "local" : "utc")}>
      <Clock size={14} /> <span className={css.zone}>{zoneText(of)}</span>
      <span className="visually-hidden">: switch to {of === "utc" ? "local time" : "UTC"}</span>
    </Button>
  );
}

const THEMES: readonly { id: Theme; title: string; icon: typeof Sun }[] = [
  { id: "system", title: "As the system", icon: Monitor },
  { id: "light", title: "Light", icon: Sun },
  { id: "dark", title: "Dark", icon: Moon },
];

function ThemeSwitch() {
  const chosen = useStore(chosenTheme);
  const Icon = THEMES.find((each) => each.id === chosen)?.icon ?? Monitor;
  return (
    <Menu
      label="Theme"
      trigger={
        <IconButton label="Theme">
          <Icon size={16} />
        </IconButton>
      }
      items={THEMES.map(({ id, title, icon: Each }) => ({ id, title, icon: <Each size={14} /> }))}
      selected={[chosen]}
      onSelected={([id]) => id && chosenTheme.set(id as Theme)}
    />
  );
}
