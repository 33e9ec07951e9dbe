/** JSON as it is committed. */
export const format = (document: unknown): string => `${JSON.stringify(document, null, 1)}\n`
