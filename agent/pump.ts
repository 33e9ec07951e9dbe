import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { Refusal } from './refusal.ts'

/** Read at once: measured, larger ones are no faster. */
const pieceBytes = 1024 ** 2
/** Being read, or on their way to the child. */
const pieces = 4
/** Between two of these the child is fed: the kernel holds little more for it. */
const hashedBytes = 128 * 1024

interface Pump {
  readonly handle: FileHandle
  /** Exactly so many are sent. */
  readonly bytes: number
  readonly to: Writable
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number) => void
}

/**
 * Send a device to a child, from its start to its end, and end the stream only then: one that ended early would be taken
 * for a smaller volume.
 *
 * @returns SHA-256 of what was sent, in hexadecimal
 * @throws Refusal `size_mismatch` the device is shorter; `io_error` it cannot be read, or the child takes no more
 */
export const pump = async ({ handle, bytes, to, signal, onProgress }: Pump): Promise<string> => {
  const hash = createHash('sha256')
  const ring = Array.from({ length: pieces }, () => ({
    buffer: Buffer.allocUnsafeSlow(pieceBytes),
    sent: Promise.resolve(),
  }))
  const slot = (at: number) => ring[(at / pieceBytes) % pieces] ?? never()
  const read = async (at: number) => {
    await slot(at).sent
    return readWhole(handle, slot(at).buffer.subarray(0, Math.min(pieceBytes, bytes - at)), at)
  }
  const ahead = (at: number) => {
    const reading = read(at)
    reading.catch(() => {})
    return reading
  }
  let next = ahead(0)
  for (let at = 0; at < bytes; at += pieceBytes) {
    const piece = await next
    signal.throwIfAborted()
    if (at + pieceBytes < bytes) next = ahead(at + pieceBytes)
    slot(at).sent = send(to, piece)
    // Waited for when its place is needed again.
    slot(at).sent.catch(() => {})
    for (let from = 0; from < piece.length; from += hashedBytes) {
      hash.update(piece.subarray(from, from + hashedBytes))
      await turn()
    }
    onProgress(at + piece.length)
  }
  await Promise.all(ring.map(({ sent }) => sent))
  to.end()
  return hash.digest('hex')
}

const never = (): never => {
  throw new Error('There is no such place in the ring')
}

const readWhole = async (handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> => {
  for (let done = 0; done < buffer.length; ) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done)
    if (bytesRead === 0) {
      throw new Refusal('size_mismatch', `The device ends at ${position + done} bytes, before its size`)
    }
    done += bytesRead
  }
  return buffer
}

const send = (to: Writable, piece: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    to.write(piece, (error) => (error ? reject(error) : resolve()))
  })
