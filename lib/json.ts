/** What a text says as JSON; undefined where it is none. What a parser says of a text may repeat the text. */
export const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
