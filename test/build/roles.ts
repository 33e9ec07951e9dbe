import type { Service } from '../../local/service.ts'
import type { Package, Resource } from './packaged.ts'

/** A function's resource, by the function's key in `serverless.yml`. */
export const functionOf = (packaged: Package, service: Service, key: string): Resource | undefined =>
  packaged
    .ofType('AWS::Lambda::Function')
    .find(([, { Properties }]) => Properties.FunctionName === service.functions.get(key)?.name)?.[1]

/** The role of a function, by the function's key in `serverless.yml`. */
export const roleOf = (packaged: Package, service: Service, key: string): Resource | undefined =>
  packaged.resources[functionOf(packaged, service, key)?.Properties.Role['Fn::GetAtt'][0]]

/** One action on one thing; where it is a table, only on items whose keys begin so. */
export interface Permission {
  readonly action: string
  readonly on: string
  readonly keys?: string
}

const nameOf = (resource: any): string => {
  const text: string = resource['Fn::GetAtt']
    ? resource['Fn::GetAtt'].join('.')
    : (resource['Fn::Sub'] ?? resource)
  return text.replace(/\$\{(?:AWS::)?([^}]+)\}/g, '$1').replace(/\.Arn(?=$|\/)/, '')
}

const keysOf = (condition: any): readonly (string | undefined)[] => {
  if (condition === undefined) return [undefined]
  const { 'ForAllValues:StringLike': like, ...others } = condition
  const keys = like?.['dynamodb:LeadingKeys']
  if (!(keys?.length > 0) || Object.keys(others).length > 0) throw new Error(JSON.stringify(condition))
  return keys
}

/**
 * What a role allows. An ARN of this account is written without its beginning: `function:cinderless-dev-job-*:durable`,
 * `Table/index/gsi3`.
 */
export const permissionsOf = (role: Resource | undefined): readonly Permission[] =>
  (role?.Properties.Policies ?? [])
    .flatMap(({ PolicyDocument }: any) => PolicyDocument.Statement)
    .flatMap(({ Effect, Action, Resource, Condition, ...others }: any) => {
      if (Effect !== 'Allow' || Object.keys(others).length > 0) throw new Error(JSON.stringify(others))
      return [Action].flat().flatMap((action) =>
        [Resource].flat().flatMap((resource) =>
          keysOf(Condition).map((keys) => ({
            action,
            on: nameOf(resource).replace(/^arn:Partition:\w+:Region:AccountId:/, ''),
            ...(keys === undefined ? {} : { keys }),
          })),
        ),
      )
    })

/** Whether a pattern of a policy, with its `*` and `?`, fits a text. */
const fits = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(text)

/** Whether one of the permissions covers what is wanted. */
export const allows = (permissions: readonly Permission[], wanted: Permission): boolean =>
  permissions.some(
    ({ action, on, keys }) =>
      action === wanted.action &&
      fits(on, wanted.on) &&
      (keys === undefined || (wanted.keys !== undefined && fits(keys, wanted.keys))),
  )
