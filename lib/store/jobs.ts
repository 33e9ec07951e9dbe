import { JobRecord, type JobRecords, type JobStatus, type Within } from '../jobs/record.ts'
import { type Condition, ifHolds, isNew, isWritten } from './condition.ts'
import { JOB, listJobRecords, statusKey } from './job-list.ts'
import { orderOf, shardKey } from './shards.ts'
import { putItem, readItem, type Table, updateItem } from './table.ts'

const key = (id: string) => ({ pk: `JOB#${id}` })

/** More than fields that are set, and what must hold beside the status. */
interface More extends Condition {
  readonly update?: string
}

/** One item per job. Indexes order by time of creation: `gsi2` the jobs of a status, `gsi3` all of them. */
export const jobRecords = (table: Table, now: () => string): JobRecords => {
  const get: JobRecords['get'] = async (id) => {
    const found = await readItem(table, key(id))
    return found && JobRecord.parse(found)
  }

  /** One conditional write: `set` fields, on the condition that the status is among `when`. */
  const update = async (
    id: string,
    set: Record<string, unknown>,
    when: readonly JobStatus[],
    more: More = {},
  ) => {
    const fields = Object.entries({ ...set, updatedAt: now() }).filter(([, value]) => value !== undefined)
    const status = `#status IN (${when.map((_, n) => `:s${n}`).join(', ')})`
    const changed = await ifHolds(
      updateItem(table, key(id), {
        update: `SET ${fields.map((_, n) => `#f${n} = :f${n}`).join(', ')}${more.update ?? ''}`,
        condition: more.condition === undefined ? status : `${status} AND ${more.condition}`,
        names: {
          '#status': 'status',
          ...more.names,
          ...Object.fromEntries(fields.map(([name], n) => [`#f${n}`, name])),
        },
        values: {
          ...more.values,
          ...Object.fromEntries(fields.map(([, value], n) => [`:f${n}`, value])),
          ...Object.fromEntries(when.map((one, n) => [`:s${n}`, one])),
        },
        returns: 'ALL_NEW',
      }),
    )
    return changed && JobRecord.parse(changed)
  }

  /** A step it was not at so far. */
  const arrive = (id: string, step: string, at: string, { execution, answered }: Partial<Within>) =>
    update(
      id,
      { status: 'running', gsi2pk: statusKey('running'), step, attempts: 1, execution },
      ['queued', 'running'],
      {
        update: `, startedAt = if_not_exists(startedAt, :at), #steps = list_append(if_not_exists(#steps, :none), :steps)${
          answered === undefined ? '' : ', #answers.#answered = :answer'
        }`,
        condition: '(attribute_not_exists(#step) OR #step <> :step)',
        names: {
          '#step': 'step',
          '#steps': 'steps',
          ...(answered && { '#answers': 'answers', '#answered': answered.step }),
        },
        values: {
          ':step': step,
          ':at': at,
          ':none': [],
          ':steps': [{ name: step, startedAt: at }],
          ...(answered && { ':answer': answered.answer }),
        },
      },
    )

  const again = (id: string, step: string, { execution }: Partial<Within>) =>
    update(id, { execution }, ['running'], {
      update: ' ADD attempts :one',
      condition: '#step = :step',
      names: { '#step': 'step' },
      values: { ':step': step, ':one': 1 },
    })

  return {
    get,

    async create(record) {
      const item = {
        ...key(record.id),
        ...record,
        gsi2pk: statusKey(record.status),
        gsi2sk: orderOf(record),
        gsi3pk: shardKey(JOB, record.id),
        gsi3sk: orderOf(record),
      }
      if (await isWritten(putItem(table, item, isNew))) return record
      return (await get(record.id)) ?? record
    },

    change: (id, change, when) =>
      update(
        id,
        change.status === undefined ? change : { ...change, gsi2pk: statusKey(change.status) },
        when,
      ),

    begin: async (id, step, at, within) =>
      (await arrive(id, step, at, within ?? {})) ?? again(id, step, within ?? {}),

    async list(options) {
      const after = options.marker === undefined ? undefined : await get(options.marker)
      return listJobRecords(table, options, after && orderOf(after))
    },
  }
}
