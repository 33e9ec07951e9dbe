import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pageAligned } from './page-aligned.ts'

interface Output extends AsyncDisposable {
  /** For a child's standard output; closed here once the child has it. */
  readonly theirs: Socket
  /**
   * Hand on what comes, in pieces of one size but the last, until the other side ends.
   *
   * @param onBytes is shown everything at once, as little at a time as the kernel holds: what takes long there must not
   *   keep the other side waiting
   * @param take a piece is lent to it until its promise resolves; it is asked for one at a time
   */
  read(onBytes: (bytes: Buffer) => void, take: (piece: Buffer) => Promise<void>): Promise<void>
}

/** Being filled, waiting, or lent. */
const buffers = 4

/**
 * A stream from a child into buffers by turns. Node makes a new buffer for each read of an ordinary child's output,
 * and collecting those took a third of all the time of a restore.
 */
export const outputInto = async (pieceBytes: number): Promise<Output> => {
  const free = pageAligned(pieceBytes, buffers)
  const newBuffer = (): Buffer => Buffer.allocUnsafeSlow(pieceBytes)
  let filling = free.pop() ?? newBuffer()
  let filled = 0
  let came: (bytes: Buffer) => void = () => {}
  let full: (piece: Buffer) => void = () => {}
  const onread = {
    // Asked for after every read, whether there is to be another at once or not: it must never be empty.
    buffer: () => filling.subarray(filled),
    callback: (bytes: number) => {
      came(filling.subarray(filled, filled + bytes))
      filled += bytes
      if (filled < pieceBytes) return true
      full(filling)
      filling = free.pop() ?? newBuffer()
      filled = 0
      return free.length > 0
    },
  }
  const { ours, theirs } = await pair(onread)
  ours.pause()
  return {
    theirs,
    read: async (onBytes, take) => {
      let taking: Promise<void> = Promise.resolve()
      came = onBytes
      full = (piece) => {
        taking = taking.then(() => take(piece))
        taking.then(
          () => {
            free.push(piece)
            ours.resume()
          },
          (error: unknown) => ours.destroy(error instanceof Error ? error : new Error(String(error))),
        )
      }
      const ended = once(ours, 'close')
      ours.resume()
      await ended
      await taking
      if (filled > 0) await take(filling.subarray(0, filled))
    },
    [Symbol.asyncDispose]: async () => {
      theirs.destroy()
      ours.destroy()
    },
  }
}

interface OnRead {
  readonly buffer: () => Uint8Array
  readonly callback: (bytes: number) => boolean
}

/** Two ends of a socket, by way of a folder that nobody else can look into. */
const pair = async (onread: OnRead): Promise<{ ours: Socket; theirs: Socket }> => {
  const folder = await mkdtemp(join(tmpdir(), 'output-'))
  const server = createServer({ pauseOnConnect: true })
  try {
    const path = join(folder, 's')
    server.listen(path)
    await once(server, 'listening')
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const ours = connect({ path, onread })
    const [theirs] = await Promise.all([accepted, once(ours, 'connect')])
    return { ours, theirs }
  } finally {
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}
