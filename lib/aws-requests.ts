const many = { maxSockets: 512 }

/**
 * How a client of AWS's makes requests. One that is not answered ends as an error, and the client makes it again: by itself
 * it would only warn, and wait until the function's own end. Where many invocations share a process, as on one machine, more
 * are under way at once than the 50 sockets it has by itself, and whoever waits for a socket is taken for one that cannot
 * connect.
 *
 * @param requestTimeout ms that an answer is waited for
 * @param connectionTimeout ms that a connection is waited for
 */
export const answeredIn = (requestTimeout: number, connectionTimeout = 1_000) => ({
  connectionTimeout,
  requestTimeout,
  throwOnRequestTimeout: true,
  httpAgent: many,
  httpsAgent: many,
})
