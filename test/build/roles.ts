import type { Service } from '../../local/service.ts'
import type { Package, Resource } from './packaged.ts'

/** The role of a function, by the function's key in `serverless.yml`. */
export const roleOf = (packaged: Package, service: Service, key: string): Resource | undefined => {
  const name = service.functions.get(key)?.name
  const [, fn] =
    packaged.ofType('AWS::Lambda::Function').find(([, { Properties }]) => Properties.FunctionName === name) ??
    []
  return packaged.resources[fn?.Properties.Role['Fn::GetAtt'][0]]
}

/** Whether a role allows an action on a resource in whose written form `part` occurs.. */
export const allows = (role: Resource | undefined, action: string, part: string): boolean =>
  (role?.Properties.Policies ?? [])
    .flatMap(({ PolicyDocument }: any) => PolicyDocument.Statement)
    .some(
      ({ Action, Resource }: any) =>
        [Action].flat().includes(action) &&
        [Resource]
          .flat()
          .some((one: unknown) => `${JSON.stringify(one).replaceAll('"', "'")}`.includes(part)),
    )
