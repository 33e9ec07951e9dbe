import { readFile } from 'node:fs/promises'
import { Refusal } from './refusal.ts'

/**
 * The operator's authorities beside the ones that everybody trusts; undefined where there are none.
 *
 * @throws Refusal `source_refused` they cannot be read
 */
export const trusted = async (file: string | undefined): Promise<string[] | undefined> => {
  if (file === undefined) return undefined
  const { getCACertificates } = await import('node:tls')
  const own = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Refusal('source_refused', `The authorities of sources.ca cannot be read: ${error.message}`)
  })
  return [...getCACertificates('default'), own]
}
