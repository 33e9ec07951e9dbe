/** Rows of one shape as a table, texts to the left and numbers to the right. */
export const printTable = (
  title: string,
  rows: readonly Readonly<Record<string, string | number>>[],
): void => {
  const columns = Object.keys(rows[0] ?? {})
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => String(row[column]).length)),
  )
  const line = (cells: readonly (string | number)[]) =>
    cells
      .map((cell, n) => {
        const width = widths[n] ?? 0
        return n === 0 ? String(cell).padEnd(width) : String(cell).padStart(width)
      })
      .join('  ')
  console.log(`\n${title}\n${line(columns)}`)
  for (const row of rows) console.log(line(columns.map((column) => row[column] ?? '')))
}
