export interface Size {
  readonly name: string
  /** Bytes. */
  readonly minified: number
  readonly zipped?: number
}

const kb = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1000).toFixed(1)).padStart(12)

export const printSizes = (sizes: readonly Size[]): void => {
  const width = Math.max(...sizes.map(({ name }) => name.length), 'function'.length)
  console.log(`${'function'.padEnd(width)}${'KB minified'.padStart(12)}${'KB zip'.padStart(12)}`)
  for (const { name, minified, zipped } of sizes) {
    console.log(`${name.padEnd(width)}${kb(minified)}${kb(zipped)}`)
  }
}
