const many = { maxSockets: 512 }

/**
 * For a client of AWS's. Where many invocations share a process, as on one machine, more are under way at once than the
 * 50 sockets it has by itself, and whoever waits for a socket is taken for one that cannot connect.
 */
export const manySockets = { httpAgent: many, httpsAgent: many }
