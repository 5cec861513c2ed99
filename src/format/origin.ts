/** What a stream says beside its RAM, as readers find it and writers carry it over. */
export interface StreamOrigin {
  readonly machine: string;
  readonly ram_section_id: number;
  /** All that followed RAM: device sections, EOF, description. */
  readonly tail: Uint8Array<ArrayBuffer>;
}
