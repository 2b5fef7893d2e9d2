// What the screens show and what they can do. One object, made in main.ts.
import { m } from "../paraglide/messages.js";
import { activate, DeviceClient, DeviceError, type Notice, type PendingRequest, type Surroundings } from "./client.ts";
import { ServerClock } from "./clock.ts";
import { pickLocale, use, type Locale } from "./locale.ts";
import { pushState, type PushState } from "./push-state.ts";
import { announce, subscribeAll, type Subscriber } from "./push.ts";
import { codeInHash } from "./link.ts";
import { hrefOf, parseRoute, type Route } from "./route.ts";
import { register, reloadWhenReplaced, useNewVersion } from "./shell.ts";
import type { Decision } from "./sign.ts";
import { Store, type Account, type Ended, type Settings } from "./store.ts";
import { watch } from "./watch.ts";

export type OutcomeKind = "allowed" | "denied" | "mistake" | "fraud" | "over";

export interface Shown {
  account: Account;
  request: PendingRequest;
}

export interface ShownOutcome {
  key: string;
  kind: OutcomeKind;
  application: string;
  username: string;
}

export interface ShownNotice {
  account: Account;
  notice: Notice;
}

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

// A browser opens six connections to a server; calls need some of them.
const STREAMS_MAX = 3;
const PLATFORM_MAX = 64;

export class App {
  ready = $state(false);
  accounts = $state.raw<Account[]>([]);
  ended = $state.raw<Ended[]>([]);
  refused = $state.raw<ReadonlySet<string>>(new Set());
  waiting = $state.raw<Shown[]>([]);
  outcomes = $state.raw<ShownOutcome[]>([]);
  notices = $state.raw<ShownNotice[]>([]);
  noticesSeen = $state(0);
  reached = $state.raw<ReadonlyMap<string, boolean>>(new Map());
  now = $state(Math.floor(Date.now() / 1000)); // the server's time
  route = $state.raw<Route>({ screen: "home", id: "" });
  code = $state(""); // an activation code that came with the address
  locale = $state<Locale>("en");
  push = $state<PushState>("unsupported");
  pushAsked = $state(false);
  newVersion = $state(false);
  announcement = $state("");
  installPrompt = $state.raw<InstallPrompt | undefined>(undefined);

  readonly away = $derived(this.reached.size > 0 && [...this.reached.values()].every((yes) => !yes));
  readonly unseen = $derived(this.notices.filter(({ notice }) => notice.created > this.noticesSeen).length);

  readonly #clock: ServerClock;
  readonly #around: Surroundings;
  readonly #watched = new Map<string, AbortController>();
  readonly #news = new BroadcastChannel("countersign-authenticator");
  #registration: ServiceWorkerRegistration | undefined;

  private constructor(
    private readonly store: Store,
    settings: Settings,
  ) {
    this.#clock = new ServerClock(settings.clockOffset ?? 0, (clockOffset) => void store.set({ clockOffset }));
    this.#around = { host: location.host, clock: this.#clock, fetch: (...of) => fetch(...of) };
    this.noticesSeen = settings.noticesSeen ?? 0;
    this.pushAsked = settings.pushAsked === "later";
    this.locale = pickLocale(settings.locale, navigator.languages);
    use(this.locale);
  }

  static async start(): Promise<App> {
    const store = await Store.open();
    const app = new App(store, await store.settings());
    await app.#load();
    app.#follow();
    app.ready = true;
    void app.#startShell();
    return app;
  }

  client(account: Account): DeviceClient {
    return new DeviceClient(account, this.#around);
  }

  account(id: string): Account | undefined {
    return this.accounts.find((one) => one.id === id);
  }

  // Dates as they are written where this browser's owner lives, in the language of the page.
  dates(style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const region = navigator.languages.find((tag) => tag.toLowerCase().split("-")[0] === this.locale);
    return new Intl.DateTimeFormat(region ?? this.locale, style);
  }

  // --- accounts

  // Throws DeviceError; the code is used up by the first call that the server takes.
  async activate(code: string): Promise<Account> {
    const account = await activate(code, platform(), this.#around);
    await this.store.put(account);
    // Asks the browser not to clear the keys when space is short.
    void navigator.storage?.persist?.().catch(() => {});
    await this.#changed();
    if (this.push === "on") void this.#announce();
    return account;
  }

  async rename(id: string, label: string): Promise<void> {
    await this.store.update(id, { label: label.trim().slice(0, 60) });
    await this.#changed();
  }

  async remove(id: string): Promise<void> {
    this.#watched.get(id)?.abort();
    const account = this.account(id);
    await this.store.remove(id);
    await this.#changed();
    // A server that could not be told goes on sending; a new address keeps its messages away.
    if (account?.endpoint)
      void this.client(account)
        .unsubscribe()
        .catch(() => this.#renewSubscription());
  }

  async forgetEnded(id: string): Promise<void> {
    await this.store.forget(id);
    await this.#changed();
  }

  retryRefused(id: string): void {
    this.refused = without(this.refused, id);
    this.#watchAll();
  }

  // --- requests

  // Throws DeviceError where the server could not be asked; everything else becomes an outcome.
  async answer({ account, request }: Shown, decision: Decision, number: string): Promise<void> {
    let kind: OutcomeKind;
    try {
      const { state, reason } = await this.client(account).answer(request.id, decision, number);
      kind = state === "denied" && reason === "user_mistake" ? "mistake" : state;
    } catch (error) {
      if (!(error instanceof DeviceError) || !["conflict", "not_found"].includes(error.code)) throw error;
      kind = "over";
    }
    this.#end(request, kind);
    void this.#closeNotifications();
  }

  dismiss(key: string): void {
    this.outcomes = this.outcomes.filter((one) => one.key !== key);
  }

  // --- notices

  async loadNotices(): Promise<void> {
    const each = this.accounts.map(async (account) =>
      (await this.client(account).notices()).map((notice) => ({ account, notice })),
    );
    const lists = (await Promise.allSettled(each)).flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    this.notices = lists.sort((a, b) => b.notice.created - a.notice.created);
  }

  seeNotices(): void {
    this.noticesSeen = Math.max(this.noticesSeen, ...this.notices.map(({ notice }) => notice.created));
    void this.store.set({ noticesSeen: this.noticesSeen });
  }

  // --- settings

  async setLocale(locale: Locale): Promise<void> {
    use(locale);
    this.locale = locale;
    await this.store.set({ locale });
  }

  // From a person's press only: browsers ask for permission on nothing else.
  async enablePush(): Promise<void> {
    const manager = this.#registration?.pushManager;
    if (!manager) return;
    try {
      if ((await Notification.requestPermission()) === "granted") await subscribeAll(manager, this.#subscriber());
    } catch (error) {
      // A subscription that the server does not know would look like "on".
      if (this.accounts.every(({ endpoint }) => endpoint === ""))
        await (await manager.getSubscription())?.unsubscribe();
      throw error;
    } finally {
      await this.#lookAtPush();
    }
  }

  async disablePush(): Promise<void> {
    await (await this.#registration?.pushManager.getSubscription())?.unsubscribe();
    // Where this does not arrive, the push service tells the server that nobody is there.
    await Promise.allSettled(this.accounts.map((account) => this.client(account).unsubscribe()));
    await Promise.all(this.accounts.map((account) => this.store.update(account.id, { endpoint: "" })));
    await this.#changed();
    await this.#lookAtPush();
  }

  async askPushLater(): Promise<void> {
    this.pushAsked = true;
    await this.store.set({ pushAsked: "later" });
  }

  useNewVersion(): void {
    useNewVersion(this.#registration);
  }

  // --- inside

  async #load(): Promise<void> {
    [this.accounts, this.ended] = await Promise.all([this.store.accounts(), this.store.ended()]);
    this.waiting = this.waiting.filter(({ account }) => this.account(account.id));
    this.#watchAll();
  }

  async #changed(): Promise<void> {
    await this.#load();
    this.#news.postMessage("accounts");
  }

  #follow(): void {
    const arrive = () => {
      const code = codeInHash(location.hash);
      if (code !== undefined) {
        this.code = code;
        history.replaceState(null, "", hrefOf("add")); // the code stays out of the history
      }
      this.route = parseRoute(location.hash);
    };
    window.addEventListener("hashchange", arrive);
    arrive();
    setInterval(() => this.#tick(), 1000);
    this.#tick();
    this.#news.onmessage = () => void this.#load();
    window.addEventListener("online", () => this.#watchAfresh());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      this.outcomes = this.outcomes.filter((one) => one.kind === "fraud");
      this.#tick();
      this.#watchAfresh();
      void this.loadNotices();
    });
    window.addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.installPrompt = event as InstallPrompt;
    });
    window.addEventListener("appinstalled", () => (this.installPrompt = undefined));
    void this.loadNotices();
  }

  #tick(): void {
    this.now = Math.floor(this.#clock.now());
    const over = this.waiting.filter(({ request }) => request.expires <= this.now);
    for (const { request } of over) this.#end(request, "over");
  }

  #watchAll(): void {
    for (const [id, watching] of this.#watched) {
      if (this.account(id)) continue;
      watching.abort();
      this.#watched.delete(id);
      this.#setReached(id, undefined);
    }
    this.accounts.forEach((account, index) => {
      if (this.#watched.has(account.id) || this.refused.has(account.id)) return;
      const watching = new AbortController();
      this.#watched.set(account.id, watching);
      void watch(this.client(account), this.#watcher(account), watching.signal, {
        manner: index < STREAMS_MAX ? "stream" : "glance",
      });
    });
  }

  #watchAfresh(): void {
    for (const watching of this.#watched.values()) watching.abort();
    this.#watched.clear();
    this.#watchAll();
  }

  #watcher(account: Account) {
    return {
      requests: (list: PendingRequest[]) => this.#setRequests(account, list),
      gone: () => {
        this.#watched.delete(account.id);
        void this.store.end(account, this.now).then(() => this.#changed());
      },
      refused: () => {
        this.#watched.delete(account.id);
        this.refused = new Set(this.refused).add(account.id);
        this.#setRequests(account, []);
        this.#setReached(account.id, undefined);
      },
      reached: (yes: boolean) => this.#setReached(account.id, yes),
    };
  }

  #setReached(id: string, yes: boolean | undefined): void {
    if (this.reached.get(id) === yes) return;
    const next = new Map(this.reached);
    if (yes === undefined) next.delete(id);
    else next.set(id, yes);
    this.reached = next;
  }

  #setRequests(account: Account, list: PendingRequest[]): void {
    const before = new Set(this.waiting.map(({ request }) => request.id));
    const mine = list.filter(({ id, expires }) => expires > this.now && !this.outcomes.some(({ key }) => key === id));
    const others = this.waiting.filter((one) => one.account.id !== account.id);
    this.waiting = [...others, ...mine.map((request) => ({ account, request }))];
    const arrived = mine.find(({ id }) => !before.has(id));
    if (arrived) {
      this.outcomes = this.outcomes.filter(({ kind }) => kind === "fraud");
      this.announcement = m.announce_request({ application: arrived.application });
    } else if (mine.length === 0) {
      this.announcement = "";
    }
  }

  #end(request: PendingRequest, kind: OutcomeKind): void {
    const { id: key, application, username } = request;
    this.waiting = this.waiting.filter((one) => one.request.id !== key);
    this.outcomes = [{ key, kind, application, username }, ...this.outcomes.filter((one) => one.key !== key)];
  }

  async #startShell(): Promise<void> {
    reloadWhenReplaced();
    try {
      this.#registration = await register(() => (this.newVersion = true));
    } catch {
      return; // without a worker there is no push and no offline use, and all else works
    }
    await this.#lookAtPush();
    if (this.push === "on") await this.#announce();
  }

  async #lookAtPush(): Promise<void> {
    const subscription = await this.#registration?.pushManager?.getSubscription();
    this.push = pushState(this.#registration, Boolean(subscription));
  }

  async #announce(): Promise<void> {
    const subscription = await this.#registration?.pushManager.getSubscription();
    if (subscription) await announce(subscription, this.#subscriber()).catch(() => {});
  }

  async #renewSubscription(): Promise<void> {
    if (this.push !== "on") return;
    const manager = this.#registration?.pushManager;
    await (await manager?.getSubscription())?.unsubscribe();
    if (manager) await subscribeAll(manager, this.#subscriber()).catch(() => {});
    await this.#lookAtPush();
  }

  async #closeNotifications(): Promise<void> {
    const shown = (await this.#registration?.getNotifications({ tag: "signin" })) ?? [];
    for (const notification of shown) notification.close();
  }

  #subscriber(): Subscriber {
    const accounts = this.accounts.filter(({ id }) => !this.refused.has(id));
    return { accounts, client: (account) => this.client(account), store: this.store };
  }
}

function without(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set([...set].filter((one) => one !== id));
}

// What kind of device this is, for the log and the console: the system's name and no more.
function platform(): string {
  const agent = navigator.userAgent;
  const known: [RegExp, string][] = [
    [/Android/, "Android"],
    [/iPhone|iPad|iPod/, "iOS"],
    [/Windows/, "Windows"],
    [/CrOS/, "ChromeOS"],
    [/Mac OS X/, "macOS"],
    [/Linux/, "Linux"],
  ];
  return (known.find(([mark]) => mark.test(agent))?.[1] ?? "Web browser").slice(0, PLATFORM_MAX);
}
