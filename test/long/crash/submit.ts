import type { Record } from './job.ts'
import type { Place } from './place.ts'
import { until } from './wait.ts'

export const hasEnded = ({ status }: Record): boolean => status !== 'queued' && status !== 'running'

export const recordOf = (place: Place, id: string): Promise<Record> => place.call(`/jobs/${id}`)

/** @returns the record of a job that has ended. @throws Error how it stood when it was waited for no longer. */
export const ended = async (place: Place, id: string): Promise<Record> => {
  let record = await recordOf(place, id)
  const look = async () => {
    record = await recordOf(place, id)
    return hasEnded(record) ? record : undefined
  }
  return until('the end of a job', look, 50).catch((cause: Error) => {
    throw new Error(`${cause.message}: ${JSON.stringify(record)}`, { cause })
  })
}

/** Run a job that must succeed. */
export const submit = async (place: Place, kind: string, input: object): Promise<Record> => {
  const { id } = await place.call('/jobs', { kind, input: { ...input, host: 'host-1' } })
  const record = await ended(place, id)
  if (record.status !== 'succeeded') throw new Error(`${kind}: ${JSON.stringify(record)}`)
  return record
}
