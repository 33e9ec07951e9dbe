import type { ZlibOptions } from 'node:zlib'

/**
 * In place of `zlib` for axios, which looks at it when it starts: 6 ms of processor time for what no server of ours
 * sends. Loaded when a compressed answer does come, and without the codecs an axios that sees none does not ask for.
 */
export default {
  constants: { Z_SYNC_FLUSH: 2 },
  createUnzip: (options: ZlibOptions) => process.getBuiltinModule('node:zlib').createUnzip(options),
}
