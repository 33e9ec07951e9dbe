/** Run something for each item, so many at a time. */
export const inLanes = async <Item>(
  lanes: number,
  items: Iterable<Item>,
  run: (item: Item) => Promise<void>,
): Promise<void> => {
  const left = Iterator.from(items)
  const lane = async () => {
    for (let next = left.next(); !next.done; next = left.next()) await run(next.value)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
