import type { Amounts, QuotaUse } from '../quotas.ts'
import { CUT_OFF_MS } from '../working.ts'
import { type Census, countedProjects, takeCensus } from './census.ts'
import type { Looking } from './findings.ts'

/** Each project's quota, as it was before records were counted. */
type Quotas = ReadonlyMap<string, QuotaUse>

async function readQuotas({ storage, isOver }: Looking, census: Census): Promise<Quotas> {
  const read = new Map<string, QuotaUse>()
  for (const project of await countedProjects(storage, census)) {
    if (isOver()) break
    read.set(project, await storage.quotas.read(project))
  }
  return read
}

/** Milliseconds after which lists have what was written before. */
const LISTED_MS = 5_000

const differs = (one: Amounts, other: Amounts): boolean =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].some(
    (name) => (one[name] ?? 0) !== (other[name] ?? 0),
  )

/** Only where nothing is reserved do the records tell what is used. */
const drifted = (census: Census, quotas: Quotas) =>
  [...quotas].filter(
    ([project, { used, reservations }]) =>
      Object.keys(reservations).length === 0 && differs(census.used.get(project) ?? {}, used),
  )

/** @returns undefined: there is no time for that. */
async function countAgain(looking: Looking): Promise<Census | undefined> {
  if (!(await looking.pause(LISTED_MS))) return undefined
  const census = await takeCensus({ ...looking, found: () => undefined })
  return census.complete && (await looking.pause(CUT_OFF_MS)) ? census : undefined
}

/**
 * Count anew what projects use. A call takes its record away first and counts
 * that afterwards, so what differs is counted once more after a while, and written only where nothing was counted in
 * between.
 */
export async function mendQuotas(looking: Looking, census: Census): Promise<boolean> {
  const { storage } = looking
  const suspects = drifted(census, await readQuotas(looking, census))
  if (suspects.length === 0) return true
  const seen = await readQuotas(looking, census)
  const again = await countAgain(looking)
  if (again === undefined) {
    for (const [project] of suspects) tell(looking, project, false)
    return false
  }
  for (const [project, use] of drifted(again, seen)) {
    const isCounted = await storage.quotas.recount(project, use, again.used.get(project) ?? {})
    tell(looking, project, isCounted)
  }
  return true
}

const tell = ({ found }: Looking, project: string, mended: boolean) =>
  found({ kind: 'quota', id: project, text: 'it is not what the records add up to', mended })
