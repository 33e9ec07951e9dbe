import type { StorageFigures } from './measure.ts'

/** What the README quotes of Block Storage, as rows of its table. */
export const storageRows = ({
  load,
  calls,
  pages,
  largeOfSmall,
  memoryMb,
}: StorageFigures): [string, string][] => {
  const p50 = (name: string) => calls[name]?.p50 ?? 'not measured'
  const sizes = Object.entries(pages).sort(([one], [other]) => Number(one) - Number(other))
  return [
    [
      `Block Storage, load ${load[0]}: create a volume to available / attach it / show it, one client`,
      `${p50('create 1')} / ${p50('attach 1')} / ${p50('get 1')} ms`,
    ],
    ['volumes made per second, eight clients', `${Math.round(calls['create 8']?.perSecond ?? Number.NaN)}`],
    [
      `a page of 1,000 volumes of ${sizes.map(([volumes]) => Number(volumes).toLocaleString('en')).join(' / ')} in the project`,
      `${sizes.map(([, { p50: ms }]) => ms).join(' / ')} ms (${largeOfSmall})`,
    ],
    [
      `the process with ${memoryMb.volumes.toLocaleString('en')} volumes / after as many more were made and deleted`,
      `${memoryMb.made} / ${memoryMb.madeAgain} MB`,
    ],
  ]
}
