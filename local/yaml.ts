import { parse, type ScalarTag } from 'yaml'

/** What a `${…}` may name besides the file itself. */
export interface Variables {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly options: Readonly<Record<string, string | undefined>>
}

const tag = (name: string, resolve: (text: string) => unknown): ScalarTag => ({ tag: `!${name}`, resolve })

/** CloudFormation's short forms, in the long form they stand for. */
const customTags = [
  tag('Ref', (text) => ({ Ref: text })),
  tag('GetAtt', (text) => ({ 'Fn::GetAtt': text.split('.') })),
  tag('Sub', (text) => ({ 'Fn::Sub': text })),
]

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at a dotted path, such as `provider.stage`. */
const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value)

/** Sources of ours; `${AWS::Region}` and `${Table.Arn}` inside a `!Sub` are CloudFormation's and stay. */
const source = /^(env|opt|self|sls):(?!:)(.*)$/

/**
 * Fill in `${self:…}`, `${env:…}`, `${opt:…}` and `${sls:stage}`, with their defaults after a comma, everywhere in a value.
 *
 * @throws Error when a variable has no value and no default.
 * @see osls 4.3.1, lib/configuration/variables
 */
export const resolveVariables = (file: unknown, value: unknown, variables: Variables): unknown => {
  const lookUp = (name: string): unknown => {
    const [, kind, key = ''] = source.exec(name) ?? []
    if (kind === 'env') return variables.env[key]
    if (kind === 'opt') return variables.options[key]
    if (kind === 'sls') return resolve(at(file, 'provider.stage')) ?? 'dev'
    return resolve(at(file, key))
  }
  const resolveOne = (whole: string, inner: string): unknown => {
    const candidates = inner.split(/,(?=(?:[^']*'[^']*')*[^']*$)/).map((part) => part.trim())
    if (!source.test(candidates[0] ?? '')) return whole
    for (const candidate of candidates) {
      const literal = /^'(.*)'$/.exec(candidate)
      const found = literal ? literal[1] : lookUp(candidate)
      if (found !== undefined) return found
    }
    throw new Error(`serverless.yml: ${whole} has no value and no default`)
  }
  const resolve = (inner: unknown): unknown => {
    if (typeof inner === 'string') {
      const alone = /^\$\{([^{}]*)\}$/.exec(inner)
      if (alone) return resolveOne(inner, alone[1] ?? '')
      return inner.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) => String(resolveOne(whole, name)))
    }
    if (Array.isArray(inner)) return inner.map(resolve)
    if (isRecord(inner)) return Object.fromEntries(Object.entries(inner).map(([k, v]) => [k, resolve(v)]))
    return inner
  }
  return resolve(value)
}

/** Read a service file: YAML with CloudFormation's tags, variables not yet filled in. */
export const parseServiceFile = (text: string): unknown => parse(text, { customTags, merge: true })
