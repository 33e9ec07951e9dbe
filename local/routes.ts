import type { Route } from './service.ts'

/** A route that fits a request, with what its placeholders stand for, percent-decoded. */
export interface Match {
  readonly route: Route
  readonly parameters: Readonly<Record<string, string>>
}

const placeholder = /^\{(\w+)(\+?)\}$/

/** How exact a segment of a route is: a word before a placeholder, that before one that takes the rest. */
const rank = (segment: string | undefined): number => {
  const [, , greedy] = placeholder.exec(segment ?? '') ?? []
  return greedy === undefined ? 0 : greedy === '' ? 1 : 2
}

const segmentsOf = (path: string): string[] => path.split('/').slice(1)

const byExactness = (a: Route, b: Route): number => {
  const [left, right] = [segmentsOf(a.path), segmentsOf(b.path)]
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = rank(left[i]) - rank(right[i])
    if (difference !== 0) return difference
  }
  return Number(a.method === 'ANY') - Number(b.method === 'ANY')
}

const parametersOf = (route: Route, path: readonly string[]): Record<string, string> | undefined => {
  const pattern = segmentsOf(route.path)
  const parameters: Record<string, string> = {}
  for (const [i, segment] of pattern.entries()) {
    const [, name, greedy] = placeholder.exec(segment) ?? []
    const given = path[i]
    if (given === undefined) return undefined
    if (name === undefined) {
      if (segment !== decodeURIComponent(given)) return undefined
    } else if (greedy === '+') {
      parameters[name] = decodeURIComponent(path.slice(i).join('/'))
      return parameters[name] === '' ? undefined : parameters
    } else {
      if (given === '') return undefined
      parameters[name] = decodeURIComponent(given)
    }
  }
  return pattern.length === path.length ? parameters : undefined
}

/**
 * What picks a request's route, as an HTTP API does: the most exact path, then its method before `ANY`. Paths are
 * cut at `/` before they are decoded, so an encoded slash stays within its placeholder.
 *
 * @returns a function that throws URIError for a path that is not percent-encoded properly.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export const router = (routes: readonly Route[]) => {
  const sorted = [...routes].sort(byExactness)
  return (method: string, path: string): Match | undefined => {
    const segments = segmentsOf(path)
    for (const route of sorted) {
      if (route.method !== method && route.method !== 'ANY') continue
      const parameters = parametersOf(route, segments)
      if (parameters) return { route, parameters }
    }
    return undefined
  }
}
