import { DriverError } from '../errors.ts'
import { documentHash, JobDocument } from './document.ts'

/** Stands in an address for its query, or its user and password: either may be a signature, as good as a password. */
const MARK = '?withheld'

/** What was taken out of documents, kept apart from them: only what takes jobs in and what runs them gets at it. */
export interface Withheld {
  /** @param hash of the document without it. @param addresses each whole one by what stands in the document. */
  keep(hash: string, addresses: Readonly<Record<string, string>>): Promise<void>
  of(hash: string): Promise<Readonly<Record<string, string>>>
  forget(hash: string): Promise<void>
}

/** A document without what is as good as a password in it, and that. */
export const withoutSecrets = (whole: JobDocument) => {
  const addresses: Record<string, string> = {}
  const shorten = (text: string): string => {
    const short = shortened(text)
    if (short !== text) addresses[short] = text
    return short
  }
  const document = JobDocument.parse({ ...whole, input: withUrls(whole.input, shorten) })
  return { document, addresses }
}

/** What is an address is called `url`; what a volume's owner writes into its other fields is left alone. */
const withUrls = (value: unknown, change: (text: string) => string): unknown => {
  if (Array.isArray(value)) return value.map((one) => withUrls(one, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === 'url' && typeof one === 'string' ? change(one) : withUrls(one, change),
    ]),
  )
}

/** @returns the text itself where it is no address, or has nothing to hide. */
const shortened = (text: string): string => {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return text
  const { origin, pathname, search, username, password } = new URL(text)
  const plain = username === '' && password === '' && (search === '' || search === MARK)
  return plain ? text : `${origin}${pathname}${MARK}`
}

/** A sentence without the queries of the addresses in it. */
export const withoutQueries = (sentence: string): string =>
  sentence.replaceAll(/(https?:\/\/[^\s?'"]+)\?[^\s'"]*/gi, `$1${MARK}`)

/**
 * An address of a job's document as it was asked for.
 *
 * @throws DriverError InvalidInput: what was taken out of it is kept no more.
 */
export async function wholeAddress(withheld: Withheld, job: JobDocument, address: string): Promise<string> {
  if (!address.endsWith(MARK)) return address
  const whole = (await withheld.of(documentHash(job)))[address]
  if (whole !== undefined) return whole
  throw new DriverError('InvalidInput', `the query of ${address} is not kept any more`, {
    remedy: 'Ask for the job again, with an address that is signed anew.',
  })
}

/** The job has ended: nobody needs it again. */
export async function forgetWithheld(withheld: Withheld, job: JobDocument): Promise<void> {
  if (JSON.stringify(job.input).includes(MARK)) await withheld.forget(documentHash(job))
}
