/** Characters a line may have. */
const WIDTH = 110

const isParent = (value: unknown): value is object => typeof value === 'object' && value !== null

const onOneLine = (value: unknown): string => {
  if (!isParent(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${onOneLine(member)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

/**
 * JSON for people: what fits into a line is on one line.
 *
 * @param before what stands on the line already
 */
export const readable = (value: unknown, before = ''): string => {
  const line = onOneLine(value)
  if (!isParent(value) || before.length + line.length < WIDTH) return line
  const indent = `${/^ */.exec(before)?.[0] ?? ''}  `
  const members = Array.isArray(value)
    ? value.map((member) => `${indent}${readable(member, indent)}`)
    : Object.entries(value).map(([key, member]) => {
        const start = `${indent}${JSON.stringify(key)}: `
        return `${start}${readable(member, start)}`
      })
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${members.join(',\n')}\n${indent.slice(2)}${close}`
}
