import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { inLanes } from '../lanes.ts'
import { rounded } from '../statistics.ts'
import type { JobStand } from './stand.ts'

/** Requests under way at once: clients of one API. */
const LANES = 64
const GIVE_UP_MS = 300_000

export interface Clones {
  readonly asked: number
  /** Jobs that did not succeed, or whose volume is not there. */
  readonly lost: number
  /** Seconds until the last was queued, and from the first to the end of the last. */
  readonly queuedSeconds: number
  readonly seconds: number
  readonly perSecond: number
}

const Listed = z.object({
  jobs: z.array(z.object({ id: z.string(), finishedAt: z.string().optional() })),
})
const Volumes = z.object({ data: z.array(z.object({ name: z.string() })) })

/** As pages of the list hold them. */
const listed = async (stand: JobStand, query: string) => {
  const all: z.infer<typeof Listed>['jobs'] = []
  for (let marker = ''; ; ) {
    const { jobs } = Listed.parse(await stand.call(`/jobs?${query}&limit=1000${marker}`))
    all.push(...jobs)
    const last = jobs.at(-1)
    if (jobs.length < 1000 || last === undefined) return all
    marker = `&marker=${last.id}`
  }
}

/** Queue clones of one volume on its own cluster all at once, and wait until none is under way. */
export const measureClones = async (stand: JobStand, count: number): Promise<Clones> => {
  const source = await stand.makeVolume('bench-cloned', 1024 ** 3)
  const volumes = Array.from({ length: count }, (_, n) => ({ id: `bench-clone-${n}`, size: 1 }))
  const ids = new Set<string>()
  const began = Date.now()
  await inLanes(LANES, volumes, async (volume) => {
    ids.add(await stand.submit('clone-volume', { volume, src_vref: { id: source.id, size: 1 } }))
  })
  const queued = Date.now()
  const underWay = async () =>
    (await Promise.all(['queued', 'running'].map((status) => stand.call(`/jobs?status=${status}&limit=1`))))
      .map((answer) => Listed.parse(answer).jobs.length)
      .some((some) => some > 0)
  while ((await underWay()) && Date.now() < queued + GIVE_UP_MS) await sleep(500)

  const done = (await listed(stand, 'status=succeeded')).filter(({ id }) => ids.has(id))
  const there = new Set(Volumes.parse(await stand.storpool('VolumesList')).data.map(({ name }) => name))
  const made = volumes.filter(({ id }) => there.has(`os--volume-${id}`))
  const last = Math.max(...done.map(({ finishedAt }) => Date.parse(finishedAt ?? '')))
  const seconds = (last - began) / 1000
  return {
    asked: count,
    lost: count - Math.min(ids.size, done.length, made.length),
    queuedSeconds: rounded((queued - began) / 1000),
    seconds: rounded(seconds),
    perSecond: rounded(done.length / seconds),
  }
}
