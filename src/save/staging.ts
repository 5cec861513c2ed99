/** The staging buffer between encode and channel, as the loop sees it: two positions. */
import type { Channel, Clock, Element, Output } from './interfaces.ts';

/**
 *     0            sent             fill        limit      staging_bytes
 *     ┌────────────┬────────────────┬───────────┬──────────┐
 *     │ taken      │ to be offered  │ room      │ reserve  │
 *     └────────────┴────────────────┴───────────┴──────────┘
 *
 * The reserve keeps room for what closes a section, so that an iterate that ends in the middle of a full
 * buffer can still end its section. What the channel did not take goes first next time.
 */
export class Staging {
  readonly #output: Output;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #limit: number;
  #sent = 0;
  #fill = 0;
  /** An element too long for the buffer: how much of it is staged. */
  #element_done = 0;
  /** Bytes that the channel has taken. */
  taken_bytes = 0;
  /** The longest that the channel took for one offer, */
  longest_offer_ns = 0;
  /** and what all offers took. */
  offer_ns = 0;

  constructor(output: Output, channel: Channel, clock: Clock) {
    this.#output = output;
    this.#channel = channel;
    this.#clock = clock;
    this.#limit = output.staging_bytes - output.elementBytes('close');
  }

  /** Where the next record goes. */
  get fill(): number {
    return this.#fill;
  }

  /** How much can be staged before the channel has to take some. */
  get room_bytes(): number {
    return this.#limit - this.#fill;
  }

  /** Takes note of `bytes` that were staged at `fill`. */
  staged(bytes: number): void {
    this.#fill += bytes;
  }

  /** Stages an element that is known to fit: a section's head, or into the reserve, what closes it. */
  stageShort(element: Element): number {
    const bytes = this.#output.elementBytes(element);
    this.#fill += this.#output.stageElement(element, 0, this.#fill, bytes);
    return bytes;
  }

  /** Stages and offers an element of any length; false where the channel took no more: call it again. */
  sendLong(element: Element): boolean {
    const size_bytes = this.#output.elementBytes(element);
    while (this.#element_done < size_bytes) {
      if (this.room_bytes === 0 && !this.flush()) return false;
      const bytes = this.#output.stageElement(element, this.#element_done, this.#fill, this.room_bytes);
      this.#fill += bytes;
      this.#element_done += bytes;
    }
    this.#element_done = 0;
    return true;
  }

  /** Offers what is staged; true when all was taken and the channel can take more. */
  flush(): boolean {
    if (!this.#channel.is_ready) return false;
    if (this.#sent < this.#fill) {
      const before_ns = this.#clock.now();
      const taken = this.#channel.offer(this.#sent, this.#fill);
      const took_ns = this.#clock.now() - before_ns;
      this.longest_offer_ns = Math.max(this.longest_offer_ns, took_ns);
      this.offer_ns += took_ns;
      this.#sent += taken;
      this.taken_bytes += taken;
      if (this.#sent < this.#fill) return false;
    }
    this.#sent = 0;
    this.#fill = 0;
    return this.#channel.is_ready;
  }
}
