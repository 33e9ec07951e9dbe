import { type Child, runChild } from './children.ts'
import { Refusal } from './refusal.ts'

const MiB = 1024 ** 2

export interface QemuImg extends Omit<Child, 'program' | 'cpuSeconds' | 'onOutput'> {
  /** How much it has to do: it may take processor time accordingly. */
  readonly bytes: number
  /** Called with 0 to 1. */
  readonly onProgress: (part: number) => void
  /** Said with an error. */
  readonly details?: Readonly<Record<string, unknown>>
  /** No progress for so long: it is ended. */
  readonly stallMs?: number
}

/**
 * Run qemu-img, told with `-p` to print how far it is, until it is done or makes no progress.
 *
 * @throws Refusal `io_error` it failed; `no_space` a disk, a quota or a limit is full; `tool_missing`
 */
export const runQemuImg = async ({
  bytes,
  onProgress,
  details,
  stallMs = 120_000,
  ...child
}: QemuImg): Promise<'done' | 'stalled'> => {
  const { qemuImg } = child.tools
  if (qemuImg === undefined)
    throw new Refusal('tool_missing', 'qemu-img is not installed on this host: npm run setup')
  const stalled = new AbortController()
  const restart = () => setTimeout(() => stalled.abort(), stallMs)
  let watchdog = restart()
  let last = -1
  try {
    const { code, signal, stderr } = await runChild({
      ...child,
      program: qemuImg,
      cpuSeconds: 300 + Math.ceil(bytes / (4 * MiB)),
      signal: AbortSignal.any([child.signal, stalled.signal]),
      onOutput: (text) => {
        const part = lastPart(text)
        if (part === undefined || part <= last) return
        last = part
        clearTimeout(watchdog)
        watchdog = restart()
        onProgress(part)
      },
    })
    if (code === 0) return 'done'
    child.signal.throwIfAborted()
    if (stalled.signal.aborted) return 'stalled'
    const full =
      signal === 'SIGXFSZ' || /No space left on device|Disk quota exceeded|File too large/.test(stderr)
    const why = stderr || `it was ended by ${signal ?? code}`
    throw new Refusal(full ? 'no_space' : 'io_error', `qemu-img failed: ${why}`, details)
  } finally {
    clearTimeout(watchdog)
  }
}

/** The last percentage `-p` printed, as 0 to 1: `(12.34/100%)`. */
const lastPart = (text: string): number | undefined => {
  const percent = [...text.matchAll(/\((\d+\.\d+)\/100%\)/g)].at(-1)?.[1]
  return percent === undefined ? undefined : Number(percent) / 100
}
