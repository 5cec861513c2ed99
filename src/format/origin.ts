/** What a stream says beside its RAM, as readers find it and writers carry it over. */
export interface StreamOrigin {
  readonly machine: string;
  readonly ram_section_id: number;
  /** Bits of a page's size, where the stream said them; then the output says them too. */
  readonly target_page_bits?: number | undefined;
  /** All that followed RAM: device sections, EOF, description. */
  readonly tail: Uint8Array<ArrayBuffer>;
}
