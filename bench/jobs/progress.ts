import { realpath, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { rounded } from '../statistics.ts'
import type { JobStand } from './stand.ts'

/** Between two questions, and between two looks at the device. */
const askMs = 100
const lookMs = 10
/** So old an answer may be. */
const freshMs = 1_000

export interface Progress {
  readonly dataMb: number
  readonly asked: number
  /** By how many percent of all its bytes an answer was off what the device had at most a second before; the worst. */
  readonly percentOff: number
  /** How long before its answer the device had as much as it said; the worst. */
  readonly oldestMs: number
}

interface Sample {
  readonly at: number
  readonly bytes: number
}

/** Wait for a device to come. @returns the file that holds its bytes. */
const deviceAt = async (link: string): Promise<string> => {
  for (;;) {
    const file = await realpath(link).catch(() => undefined)
    if (file !== undefined) return file
    await sleep(lookMs)
  }
}

/** Note what a file takes on the disk until told to stop. */
const watch = (file: string) => {
  const samples: Sample[] = []
  const done = new AbortController()
  const watching = (async () => {
    while (!done.signal.aborted) {
      const { blocks } = await stat(file)
      samples.push({ at: performance.now(), bytes: blocks * 512 })
      await sleep(lookMs)
    }
  })()
  return {
    samples,
    stop: () => {
      done.abort()
      return watching
    },
  }
}

/** How far an answer was off, and how old. */
const judge = (samples: readonly Sample[], { at, bytes }: Sample) => {
  const before = samples.filter((sample) => sample.at <= at)
  const fresh = before.filter((sample) => sample.at >= at - freshMs)
  // The device's bytes only grow, so what it had within that second lies between the first and the last.
  const [least, most] = [fresh[0]?.bytes ?? 0, samples.find((sample) => sample.at >= at)?.bytes ?? bytes]
  const off = Math.max(0, least - bytes, bytes - most)
  const then = before.findLast((sample) => sample.bytes <= bytes)?.at ?? at
  return { off, ageMs: at - then }
}

/**
 * Ask for a running job again and again, and hold what it says against the bytes on its device.
 *
 * @param link where the device will be
 * @param bytes it gets all over, onto a device with none
 * @returns with the device's file
 */
export const measureProgress = async (
  stand: JobStand,
  id: string,
  link: string,
  bytes: number,
): Promise<Progress & { readonly device: string }> => {
  const device = await deviceAt(link)
  const { samples, stop } = watch(device)
  const answers: Sample[] = []
  for (;;) {
    const { status, doneBytes } = await stand.job(id)
    if (status !== 'running' && status !== 'queued') break
    if (doneBytes > 0 && doneBytes < bytes) answers.push({ at: performance.now(), bytes: doneBytes })
    await sleep(askMs)
  }
  await stop()
  await stand.ended(id)
  const judged = answers.map((answer) => judge(samples, answer))
  const worst = (figures: readonly number[]) => rounded(Math.max(...figures))
  return {
    device,
    dataMb: Math.round(bytes / 1e6),
    asked: answers.length,
    percentOff: worst(judged.map(({ off }) => (off / bytes) * 100)),
    oldestMs: worst(judged.map(({ ageMs }) => ageMs)),
  }
}
