import { printTable } from '../print.ts'
import type { StorageFigures } from './measure.ts'

/** What was measured of Block Storage, as tables. */
export const reportStorage = ({ calls, pages, memoryMb }: StorageFigures): void => {
  const rows = (of: StorageFigures['calls'], what: string) =>
    Object.entries(of).map(([name, { p50, p95, perSecond }]) => ({
      [what]: name,
      p50,
      p95,
      'per s': perSecond,
    }))
  printTable('Block Storage: calls, ms, with so many clients', rows(calls, 'call'))
  printTable('Block Storage: a page of 1,000, ms', rows(pages, 'volumes'))
  printTable('Block Storage: memory, MB', [{ ...memoryMb }])
}
