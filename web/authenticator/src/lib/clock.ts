// How far the server's clock is from this device's, in whole seconds. Codes and signatures go by the server's.
// Below this a difference may be the way there, or a Date header's rounding.
const NOISE_S = 2;

export class ServerClock {
  constructor(
    public offset = 0,
    private readonly changed: (offset: number) => void = () => {},
    private readonly here: () => number = () => Date.now() / 1000,
  ) {}

  now(): number {
    return this.here() + this.offset;
  }

  // An answer of `error: "clock"` names the server's time.
  set(serverTime: number): void {
    this.#keep(Math.round(serverTime - this.here()));
  }

  // The Date of any answer (RFC 9110 §6.6.1); `asked` is this device's time when the request left.
  hear(date: string | null, asked: number): void {
    const server = date ? Date.parse(date) / 1000 : Number.NaN;
    const heard = this.here();
    if (Number.isNaN(server) || heard - asked > 5) return;
    const offset = Math.trunc(server + 0.5 - (asked + heard) / 2);
    if (Math.abs(offset - this.offset) > NOISE_S) this.#keep(Math.abs(offset) > NOISE_S ? offset : 0);
  }

  #keep(offset: number): void {
    if (offset === this.offset) return;
    this.offset = offset;
    this.changed(offset);
  }
}
