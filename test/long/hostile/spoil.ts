import fc from 'fast-check'

const long = 'x'.repeat(300)
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

/** What a field should not be, or just may be. */
const odd: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  2 ** 60,
  '',
  ' ',
  '0',
  '1',
  'NaN',
  'Infinity',
  'null',
  long,
  'a/b',
  '../../etc/passwd',
  'a%2fb',
  '%00',
  'a\nb',
  'a\r\nX: y',
  'a\u0000b',
  '\u202eabc',
  '😀',
  'ﬀ',
  '\ud800',
  "'; DROP TABLE",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant as it stands
  '${jndi:ldap://x}',
  '__proto__',
  'constructor',
  [],
  [null],
  {},
  { length: 1 },
  { $ne: 1 },
  nested(31),
  nested(40),
]

const names = [
  '__proto__',
  'constructor',
  'toString',
  'colour',
  '',
  'Volume',
  'volume.id',
  'id ',
  '\u0000',
  long,
]

/** One wrong turn, at the `at`-th place of a value. */
const turn = fc.record({
  at: fc.nat(60),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'add', 'wrap', 'retype'),
  value: fc.constantFrom(...odd),
  name: fc.constantFrom(...names),
})
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never

type Path = readonly (string | number)[]
const placesIn = (value: unknown, path: Path = []): Path[] => {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...path, name]))]
}

const changed = (value: any, path: Path, change: (value: any) => unknown): unknown => {
  const [first, ...rest] = path
  if (first === undefined) return change(value)
  const copy = Array.isArray(value) ? [...value] : { ...value }
  const next = changed(value[first], rest, change)
  if (next === undefined) delete copy[first]
  else copy[first] = next
  return copy
}

/** A member as JSON.parse makes it: `__proto__` too is an ordinary one then. */
const added = (value: any, name: string, member: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return member
  if (Array.isArray(value)) return [...value, member]
  return Object.defineProperty({ ...value }, name, { value: member, enumerable: true, configurable: true })
}

const retyped = (value: unknown): unknown => {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return Number.isNaN(Number(value)) ? [...value] : Number(value)
  return JSON.stringify(value)
}

const turned = (value: unknown, { at, how, value: other, name }: Turn): unknown => {
  const places = placesIn(value)
  const path = places[at % places.length] ?? []
  return changed(value, path, (there) => {
    if (how === 'remove') return undefined
    if (how === 'wrap') return [there]
    if (how === 'retype') return retyped(there)
    return how === 'add' ? added(there, name, other) : other
  })
}

/** A request that says almost what was meant. */
export const spoiled = (meant: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(meant, fc.array(turn, { minLength: 1, maxLength: 3 }))
    .map(([value, turns]) => turns.reduce(turned, value))
