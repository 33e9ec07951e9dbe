import type { Service, ServiceFunction } from './service.ts'

/** A function that was asked for, and the alias or version with it, where one was said. */
export interface Target {
  readonly fn: ServiceFunction
  readonly qualifier: string | undefined
}

/**
 * Find a function by its name, its ARN or a part of that, with or without an alias or version at the end.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, FunctionName
 */
export const findFunction = (service: Service, asked: string, qualifier?: string): Target | undefined => {
  const parts = asked.split(':')
  const marker = parts.indexOf('function')
  const [name, own] = marker >= 0 ? parts.slice(marker + 1) : parts
  const fn = [...service.functions.values()].find((candidate) => candidate.name === name)
  return fn && { fn, qualifier: own ?? qualifier }
}

/** Aliases a durable function is deployed with, and its first version. */
const known = new Set(['durable', '$LATEST', '1'])

export const isQualifier = (qualifier: string): boolean => known.has(qualifier)
