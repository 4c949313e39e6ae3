import type { ReactNode } from "react";
import { Tabs as AriaTabs, Tab, TabList, TabPanel } from "react-aria-components";
import css from "./Tabs.module.css";

export interface TabOf {
  id: string;
  title: string;
  count?: number;
  render: () => ReactNode;
}

interface TabsProps {
  label: string;
  tabs: readonly TabOf[];
  /** From the address; a wrong one is the first. */
  selected: string;
  onSelect: (id: string) => void;
  /** The panel fills what height there is and scrolls within itself. */
  fill?: boolean;
}

/** Tabs; only the open one is rendered. */
export function Tabs({ label, tabs, selected, onSelect, fill = false }: TabsProps) {
  const open = tabs.find((tab) => tab.id === selected) ?? tabs[0];
  if (open === undefined) return null;
  return (
    <AriaTabs
      selectedKey={open.id}
      onSelectionChange={(key) => onSelect(String(key))}
      keyboardActivation="manual"
      className={`${css.tabs} ${fill ? css.fill : ""}`}
    >
      <TabList aria-label={label} className={css.list}>
        {tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id} className={css.tab}>
            {tab.title}
            {tab.count !== undefined && <span className={css.count}>{tab.count}</span>}
          </Tab>
        ))}
      </TabList>
      <TabPanel key={open.id} id={open.id} className={css.panel}>
        {open.render()}
      </TabPanel>
    </AriaTabs>
  );
}
