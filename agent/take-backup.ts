import { open } from 'node:fs/promises'
import * as z from 'zod'
import type { RequestOf } from '../lib/agent/tasks.ts'
import { jsonIn } from '../lib/json.ts'
import type { Device } from './devices.ts'
import { positionOf, readAlong } from './read-along.ts'
import { Refusal } from './refusal.ts'
import type { Restic } from './restic.ts'
import type { Run } from './run.ts'

/** restic's last line. @see restic 0.14.0, `backup --json` */
const Summary = z.looseObject({
  message_type: z.literal('summary'),
  total_bytes_processed: z.int(),
  data_added: z.int(),
  snapshot_id: z.string(),
})
export type Summary = z.infer<typeof Summary>

/** How the snapshots of one backup are known. */
export const marks = ({ requestId, volume, tags }: RequestOf<'backup-volume'>) => [
  `job=${tags?.job ?? requestId}`,
  `vol=${volume.globalId}`,
]

/** One try of restic's, which reads the device itself, from its start to its end. */
export const takeBackup = async (
  run: Run<RequestOf<'backup-volume'>>,
  restic: Restic,
  { handle }: Pick<Device, 'handle'>,
  step: { ended: boolean },
) => {
  const { request, context } = run
  const { globalId, sizeBytes: bytes } = request.volume
  // Opened anew, as it is read from where it stands: at the start.
  await using input = await open(`/proc/self/fd/${handle.fd}`)
  const stop = new AbortController()
  const stopping = restic.within(AbortSignal.any([restic.signal, stop.signal]))
  const { stdout, ended } = stopping.start(backupArgs(request, context.config.host), { stdin: input.fd })
  let last = ''
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-16_384)
  })
  const { signal } = stopping
  const digest = readAlong({ handle: input, bytes, signal, ended, onProgress: (done) => run.progress(done) })
  // Read wrongly, it would be stored wrongly.
  digest.catch((error: unknown) => stop.abort(error))
  const end = await ended
  // It may have made a snapshot, of whatever it was that it could read.
  step.ended = end.code === 0 || positionOf(input) >= bytes
  restic.signal.throwIfAborted()
  stop.signal.throwIfAborted()
  if (end.code !== 0) stop.abort()
  const [sha256] = await Promise.allSettled([digest])
  restic.assertEnded('backup', end)
  if (sha256.status === 'rejected') throw sha256.reason
  const parsed = last
    .trim()
    .split('\n')
    .map(jsonIn)
    .reverse()
    .map((line) => Summary.safeParse(line).data)
  const summary = parsed.find((one) => one !== undefined)
  if (summary === undefined) throw new Refusal('io_error', `restic has not said what it made of ${globalId}`)
  return { summary, sha256: sha256.value }
}

const backupArgs = (request: RequestOf<'backup-volume'>, host: string): [string, ...string[]] => {
  const { globalId, sizeBytes } = request.volume
  const { job: _job, ...others } = request.tags ?? {}
  const more = Object.entries(others).map(([name, value]) => `${name}=${value}`)
  const tags = [...marks(request), `size=${sizeBytes}`, ...more]
  const file = ['--stdin', '--stdin-filename', `vol-${globalId}.raw`]
  return ['backup', '--json', ...file, '--host', host, '--tag', tags.join(','), '--compression', 'auto']
}
