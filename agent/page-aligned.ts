/** TypeScript knows it from browsers only. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

const wasmPageBytes = 64 * 1024

/**
 * Buffers that begin where a page of memory does, as access around the page cache wants it. Node has none; the memory of
 * a WebAssembly program is, and takes no more than any other.
 *
 * @param bytes of each, a multiple of 64 KiB
 */
export const pageAligned = (bytes: number, count: number): Buffer[] => {
  const pages = (bytes * count) / wasmPageBytes
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
  return Array.from({ length: count }, (_, n) => Buffer.from(buffer, n * bytes, bytes))
}
