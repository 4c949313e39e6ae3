import { createContext, useContext } from "react";

/** What the open part of the drawer is called in the address; another page may have tabs of its own. */
export const TabName = createContext("tab");
export const useTabName = (): string => useContext(TabName);
