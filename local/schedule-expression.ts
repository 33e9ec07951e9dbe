const unitMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const isUnit = (unit: string): unit is keyof typeof unitMs => Object.hasOwn(unitMs, unit)

/** What a schedule runs at, as a function of the last time: milliseconds since 1970 in and out. */
export type NextTime = (after: number) => number

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
}

const fields: readonly Field[] = [
  { name: 'minutes', min: 0, max: 59 },
  { name: 'hours', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12 },
  { name: 'day of week', min: 1, max: 7 },
  { name: 'year', min: 1970, max: 2199 },
]

/** The values one part of a cron expression stands for: a number, a range, a list, a step, or `*` or `?` for all. */
const valuesOf = (text: string, { name, min, max }: Field): ReadonlySet<number> => {
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const [, from, to, step] = /^(\*|\?|\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(part) ?? []
    if (from === undefined) throw new Error(`cron: ${part} is not understood as ${name}`)
    const all = from === '*' || from === '?'
    const first = all ? min : Number(from)
    const last = to !== undefined ? Number(to) : all || step !== undefined ? max : first
    if (first < min || last > max || first > last) throw new Error(`cron: ${part} is no ${name}`)
    for (let value = first; value <= last; value += Math.max(1, Number(step ?? 1))) values.add(value)
  }
  return values
}

const cron = (text: string): NextTime => {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== fields.length) throw new Error(`cron(${text}) has ${parts.length} parts instead of 6`)
  const sets = fields.map((field, index) => valuesOf(parts[index] ?? '', field))
  const fits = (date: Date): boolean => {
    const now = [
      date.getUTCMinutes(),
      date.getUTCHours(),
      date.getUTCDate(),
      date.getUTCMonth() + 1,
      date.getUTCDay() + 1,
      date.getUTCFullYear(),
    ]
    return sets.every((set, index) => set.has(now[index] ?? -1))
  }
  return (after) => {
    let time = (Math.floor(after / 60_000) + 1) * 60_000
    const end = time + 5 * 366 * unitMs.day
    while (time < end) {
      const date = new Date(time)
      if (fits(date)) return time
      // Whole hours are skipped where the hour, and so every minute of it, is wrong.
      time += sets[1]?.has(date.getUTCHours()) ? unitMs.minute : unitMs.hour - (time % unitMs.hour)
    }
    throw new Error(`cron(${text}) names no time within five years`)
  }
}

/**
 * Read `rate(5 minutes)` or `cron(0 3 * * ? *)`; times are UTC.
 *
 * @throws Error naming what is not understood.
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export const parseSchedule = (expression: string): NextTime => {
  const [, kind, text = ''] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? []
  if (kind === 'cron') return cron(text)
  const [, amount, unit = ''] = /^([1-9]\d*) (minute|hour|day)s?$/.exec(kind === 'rate' ? text : '') ?? []
  if (amount === undefined || !isUnit(unit)) throw new Error(`the schedule ${expression} is not understood`)
  const every = Number(amount) * unitMs[unit]
  return (after) => after + every
}
