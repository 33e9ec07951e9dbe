import { formatOf, type Kind, seal } from '../support.ts'

/** Changes an image in place, or gives another. */
export type Change = (bytes: Buffer) => Buffer | undefined

export const at =
  (change: (bytes: Buffer) => unknown): Change =>
  (bytes) =>
    void change(bytes)
export const u8 = (offset: number, value: number) => at((bytes) => bytes.writeUInt8(value, offset))
export const be32 = (offset: number, value: number) => at((bytes) => bytes.writeUInt32BE(value, offset))
export const be64 = (offset: number, value: bigint) => at((bytes) => bytes.writeBigUInt64BE(value, offset))
export const le16 = (offset: number, value: number) => at((bytes) => bytes.writeUInt16LE(value, offset))
export const le32 = (offset: number, value: number) => at((bytes) => bytes.writeUInt32LE(value, offset))
export const le64 = (offset: number, value: bigint) => at((bytes) => bytes.writeBigUInt64LE(value, offset))
export const put = (offset: number, value: string) => at((bytes) => bytes.write(value, offset, 'latin1'))
export const cut = (size: number) => (bytes: Buffer) =>
  bytes.subarray(0, size < 0 ? bytes.length + size : size)
export const all =
  (...changes: Change[]): Change =>
  (bytes) =>
    changes.reduce((now, change) => change(now) ?? now, bytes)
export const sector = (text: string) => Buffer.from(text.padEnd(512, '\0'), 'latin1')
export const behind =
  (text: string, odd = 0): Change =>
  (bytes) =>
    Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512), sector(text), Buffer.alloc(odd)])

/** Replace text by other text of the same length or less. */
export const swap = (from: string, to: string) =>
  at((bytes) => {
    const found = bytes.indexOf(from)
    if (found < 0 || to.length > from.length) throw new Error(`cannot swap ${from}`)
    bytes.write(to.padEnd(from.length, ' '), found, 'latin1')
  })
/** The text inside a VMDK. */
export const descriptor = (change: (text: string) => string) =>
  at((bytes) => {
    const [text = ''] = bytes.toString('latin1', 512, 512 + 20 * 512).split('\0')
    bytes.fill(0, 512, 512 + 20 * 512)
    bytes.write(change(text), 512, 'latin1')
  })
export const huge = (1n << 63n) - 1n

export const atEnd = 0xffffffffffffffffn

export interface Hostile {
  readonly claim: string
  readonly kind: Kind
  readonly change: Change
  readonly reason: RegExp
}

export const sealed = (kind: Kind, rows: readonly [string, Change, RegExp][]): Hostile[] =>
  rows.map(([claim, change, reason]) => ({
    claim: `${claim} in a ${kind}`,
    kind,
    change: (bytes) => {
      const changed = change(bytes) ?? bytes
      seal(formatOf(kind), changed)
      return changed
    },
    reason,
  }))
export const asItIs = (kind: Kind, rows: readonly [string, Change, RegExp][]): Hostile[] =>
  rows.map(([claim, change, reason]) => ({ claim: `${claim} in a ${kind}`, kind, change, reason }))
