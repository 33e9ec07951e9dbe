/** A time as Block Storage writes it: UTC without a zone. @param iso as `toISOString` writes it */
export const timeOf = (iso: string | null): string | null => iso?.replace(/Z$/, '000') ?? null
