// What is kept on this device, in IndexedDB: accounts with their keys (as handles that cannot be read out), settings.
export interface Account {
  id: string; // the device id, "DP…"
  tenant: string;
  username: string;
  label: string; // the owner's own name for it; "" for none
  added: number;
  signer: CryptoKey;
  totp: CryptoKey;
  digits: number;
  period: number;
  order: number;
  // Where the server was last told to send push messages for this account; "" for nowhere.
  endpoint: string;
}

// An account the server has ended: its keys are deleted, and what is left explains itself once.
export interface Ended {
  id: string;
  tenant: string;
  username: string;
  ended: number;
}

export interface Settings {
  locale?: string;
  clockOffset?: number;
  pushAsked?: "later";
  noticesSeen?: number;
}

const NAME = "countersign-authenticator";
const VERSION = 1;

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the store failed"));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the store gave up"));
  });
}

export class Store {
  private constructor(private readonly database: IDBDatabase) {}

  static async open(factory: IDBFactory = indexedDB): Promise<Store> {
    const request = factory.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const name of ["accounts", "ended"]) request.result.createObjectStore(name, { keyPath: "id" });
      request.result.createObjectStore("settings");
    };
    const database = await done(request);
    // A newer version in another window must not wait for this one.
    database.onversionchange = () => database.close();
    return new Store(database);
  }

  async accounts(): Promise<Account[]> {
    const all = await done<Account[]>(this.#read("accounts").getAll());
    return all.sort((a, b) => a.order - b.order);
  }

  put(account: Account): Promise<void> {
    return this.#write(["accounts", "ended"], (of) => {
      of("accounts").put(account);
      of("ended").delete(account.id);
    });
  }

  // Changes an account that is still there. One that was removed meanwhile, perhaps by another window, stays away.
  update(id: string, change: Partial<Omit<Account, "id">>): Promise<void> {
    return this.#write(["accounts"], (of) => {
      const found = of("accounts").get(id);
      found.onsuccess = () => {
        if (found.result) of("accounts").put({ ...(found.result as Account), ...change });
      };
    });
  }

  remove(id: string): Promise<void> {
    return this.#write(["accounts"], (of) => of("accounts").delete(id));
  }

  ended(): Promise<Ended[]> {
    return done<Ended[]>(this.#read("ended").getAll());
  }

  // Keys go and the explanation comes in one step.
  end(account: Account, at: number): Promise<void> {
    const { id, tenant, username } = account;
    return this.#write(["accounts", "ended"], (of) => {
      of("accounts").delete(id);
      of("ended").put({ id, tenant, username, ended: at } satisfies Ended);
    });
  }

  forget(id: string): Promise<void> {
    return this.#write(["ended"], (of) => of("ended").delete(id));
  }

  async settings(): Promise<Settings> {
    return (await done<Settings | undefined>(this.#read("settings").get("settings"))) ?? {};
  }

  set(change: Settings): Promise<void> {
    return this.#write(["settings"], (of) => {
      const found = of("settings").get("settings");
      found.onsuccess = () => of("settings").put({ ...(found.result as Settings | undefined), ...change }, "settings");
    });
  }

  #read(name: string): IDBObjectStore {
    return this.database.transaction(name).objectStore(name);
  }

  #write(names: string[], work: (of: (name: string) => IDBObjectStore) => void): Promise<void> {
    const transaction = this.database.transaction(names, "readwrite");
    work((name) => transaction.objectStore(name));
    return committed(transaction);
  }
}
