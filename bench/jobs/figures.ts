import type { JobFigures } from './measure.ts'

/** What the README quotes of the long jobs, as rows of its table. */
export const jobRows = ({ measured, phases, progress, cancel, clones }: JobFigures): [string, string][] => {
  const phase = (name: keyof typeof phases) => {
    const { agentSeconds, plainSeconds, ofPlain, sameSeconds, ofSame } = phases[name]
    return `${agentSeconds} s / ${plainSeconds} s (${ofPlain}); ${sameSeconds} s (${ofSame})`
  }
  const beside = Object.values(phases).map(({ overheadSeconds }) => overheadSeconds)
  const worst = (figures: readonly number[]) => Math.max(...figures)
  const watched = Object.values(progress)
  const gigabytes = (phases.upload.dataMb / 1000).toFixed(2)
  return [
    [
      `volume to qcow2 (zstd), ${gigabytes} GB, load ${measured.load[0]}: the agent, digest and flush and all / \`qemu-img convert\` alone; that, flushed and with a digest`,
      phase('upload'),
    ],
    [
      'the same volume to a new repository: the agent / `restic backup` alone; that and a digest',
      phase('backup'),
    ],
    [
      'from there onto a volume: the agent / `restic dump` alone; that, flushed and with a digest',
      phase('restore'),
    ],
    [
      "what those jobs take beside the agent's part: snapshot, attach, queue, waits",
      `${beside.join(' / ')} s`,
    ],
    [
      `progress of a running job, the worst of ${watched.reduce((sum, { asked }) => sum + asked, 0)} answers: off the bytes on the device / old`,
      `${worst(watched.map(({ percentOff }) => percentOff))} % / ${worst(watched.map(({ oldestMs }) => oldestMs))} ms`,
    ],
    [
      'from a cancel until the child is gone and the record final, the slowest',
      `${worst(Object.values(cancel).map(({ slowest }) => slowest))} s`,
    ],
    [
      `${clones.asked.toLocaleString('en')} clones queued at once: lost / per second`,
      `${clones.lost} / ${clones.perSecond}`,
    ],
  ]
}
