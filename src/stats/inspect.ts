/** The document that `inspect` gives. */

/** Records of pages, by kind. */
export interface PageCounts {
  readonly normal: number;
  /** Of a repeated byte that is not zero. */
  readonly fill: number;
  readonly zero: number;
  readonly xbzrle: number;
}

export interface InspectDocument {
  readonly schema: 'pagepipe/inspect/1';
  readonly format: 'qemu-stream' | 'libvirt-save' | 'mapped-ram';
  /** Of the stream's header. */
  readonly version: number;
  readonly machine: string;
  readonly page_size: number;
  readonly sections: readonly {
    readonly id: number;
    readonly type: string;
    readonly name: string;
    readonly instance: number;
    readonly version: number;
    readonly offset: number;
    readonly bytes: number;
  }[];
  readonly blocks: readonly {
    readonly name: string;
    readonly used_bytes: number;
    readonly pages: PageCounts;
  }[];
  readonly pages: PageCounts;
  readonly rounds: number;
  readonly stream_bytes: number;
}
