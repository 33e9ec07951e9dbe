/** Where the commands write: text for people, or JSON for programs. */
export const printer = (json: boolean, write = (text: string) => process.stdout.write(text)) => ({
  json,
  /** One of both. */
  answer(value: unknown, text: () => string): void {
    write(`${json ? JSON.stringify(value, null, 2) : text()}\n`)
  },
  line: (text: string): void => void write(`${text}\n`),
})
export type Printer = ReturnType<typeof printer>

/** Columns as wide as their widest entry; numbers to the right. */
export const table = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string => {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  return [head, ...rows]
    .map((row) =>
      row
        .map((text, at) =>
          right.includes(at) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
