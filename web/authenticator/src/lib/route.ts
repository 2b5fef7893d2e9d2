// Where we are, in the address behind the #, so that the browser's way back works.
export type Screen = "home" | "add" | "notices" | "settings" | "account" | "new-phone";

export interface Route {
  screen: Screen;
  id: string;
}

const SCREENS: Screen[] = ["add", "notices", "settings", "account", "new-phone"];

export function parseRoute(hash: string): Route {
  const [name = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
  const screen = SCREENS.find((one) => one === name) ?? "home";
  return { screen, id: screen === "account" ? id : "" };
}

export function hrefOf(screen: Screen, id = ""): string {
  if (screen === "home") return "#/";
  return id ? `#/${screen}/${id}` : `#/${screen}`;
}

export function go(screen: Screen, id = ""): void {
  location.hash = hrefOf(screen, id);
}
