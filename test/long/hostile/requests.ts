import fc from 'fast-check'
import { spoiled } from './spoil.ts'

/** What API Gateway hands on of a request. */
export interface Request {
  readonly body?: string
  readonly contentType?: string
  readonly isBase64: boolean
}

const json = 'application/json'
const request = (
  body: string | undefined,
  contentType: string | undefined = json,
  isBase64 = false,
): Request => ({
  ...(body === undefined ? {} : { body }),
  ...(contentType === undefined ? {} : { contentType }),
  isBase64,
})

const encoded = (text: string) => Buffer.from(text).toString('base64')
const written = (value: unknown): string => JSON.stringify(value) ?? ''

/** Other ways to send the same. */
const sent = (text: string): fc.Arbitrary<Request> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(request(text)) },
    fc.constantFrom(
      request(text, 'application/json; charset=utf-8'),
      request(text, ' Application/JSON ;x=y'),
      request(encoded(text), json, true),
      request(`\n ${text}\t`),
    ),
  )

const deep = (depth: number, open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`

/** Texts that are no JSON, or not as it was meant to be sent. */
const garbled = (text: string): fc.Arbitrary<Request> =>
  fc.oneof(
    fc.nat(text.length).map((at) => request(text.slice(0, at))),
    fc.nat(text.length).map((at) => request(`${text.slice(0, at)}\u0000${text.slice(at)}`)),
    fc.string({ unit: 'binary', maxLength: 40 }).map((other) => request(other)),
    fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => request(Buffer.from(bytes).toString('base64'), json, true)),
    fc
      .constantFrom(
        'text/plain',
        'application/jsonp',
        'multipart/form-data',
        '',
        'application/json, text/plain',
      )
      .map((type) => request(text, type)),
    fc.constantFrom(
      { body: text, isBase64: false },
      request(undefined),
      request(''),
      request(text, json, true),
      request(`\ufeff${text}`),
      request(text.replaceAll('"', "'")),
      request(`${text}${text}`),
      request(`/* */${text}`),
      request(text.replace(/\d+/, 'NaN')),
      request(text.replace('}', ',}')),
      request(text.replace('{', '{"__proto__":{"polluted":true},')),
      request(`${text.slice(0, -1)}${' '.repeat(300_000)}}`),
      request(encoded(`"${'x'.repeat(262_144)}"`), json, true),
      request(deep(31, '[', ']')),
      request(deep(40, '{"a":', '}')),
      request(deep(100_000, '[', ']')),
      ...['null', 'true', '0', '-1e999', '[]', '""', '"volume"', '{}', '[{}]'].map((body) => request(body)),
    ),
  )

/** Requests for an operation: about half as they should be, the others spoiled in their fields or as a whole. */
export const requestsFor = (meant: fc.Arbitrary<unknown>): fc.Arbitrary<Request> => {
  const text = meant.map(written)
  return fc.oneof(
    { weight: 10, arbitrary: text.chain(sent) },
    { weight: 8, arbitrary: spoiled(meant).map(written).chain(sent) },
    { weight: 2, arbitrary: text.chain(garbled) },
  )
}
