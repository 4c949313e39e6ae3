/**
 * Links in lists. Thousands of them pass by; a link of the router's own would be drawn anew, each, whenever the
 * address changes, with every letter of a query. So these are plain ones, and one listener follows them all.
 */
import { type AnchorHTMLAttributes, useEffect } from "react";
import { useNavigate } from "react-router";
import { ROOT } from "~/app/links";

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  /** A place of this page: `/flows/company.team/etl`. */
  to: string;
}

export const PlainLink = ({ to, ...props }: Props) => <a {...props} href={ROOT + to} data-within="" />;

/** A new tab, a new window, a download. */
export const isForBrowser = (
  event: Pick<MouseEvent, "button" | "metaKey" | "ctrlKey" | "shiftKey" | "altKey">,
) => event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

/** Follows the plain links of all the page without loading it anew. */
export function usePlainLinks() {
  const navigate = useNavigate();
  useEffect(() => {
    const follow = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a[data-within]") : null;
      if (link === null || event.defaultPrevented || isForBrowser(event)) return;
      event.preventDefault();
      void navigate(link.getAttribute("href")!.slice(ROOT.length));
    };
    document.addEventListener("click", follow);
    return () => document.removeEventListener("click", follow);
  }, [navigate]);
}
