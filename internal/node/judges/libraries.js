// The official clients. They share one API but for some names, which this file evens out. A process can hold only one
// of them, because both put their messages into the same global names: LIBRARY says which.

const all = {
  "@eventstore/db-client": async () => {
    const eventstore = await import("@eventstore/db-client");
    return {
      ...eventstore,
      connect: ({ address }, more = "") => eventstore.EventStoreDBClient.connectionString(`esdb://${address}?tls=false${more}`),
      // expecting says what an append expects of its stream.
      expecting: (state) => ({ expectedRevision: state }),
      // versions reads what a WrongExpectedVersionError says.
      versions: (error) => ({ expected: error.expectedVersion, actual: error.actualVersion }),
      // keepsDirection: the other library reads from the start forwards and from the end backwards, whatever is asked.
      keepsDirection: true,
    };
  },
  "@kurrent/kurrentdb-client": async () => {
    const kurrent = await import("@kurrent/kurrentdb-client");
    return {
      ...kurrent,
      connect: ({ address }, more = "") => kurrent.KurrentDBClient.connectionString(`kurrentdb://${address}?tls=false${more}`),
      expecting: (state) => ({ streamState: state }),
      versions: (error) => ({ expected: error.expectedState, actual: error.actualState }),
      keepsDirection: false,
    };
  },
};

// names are those of all libraries.
export const names = Object.keys(all);

const name = process.env.LIBRARY;
if (!all[name]) throw new Error(`LIBRARY must be one of ${names.join(", ")}`);

// library is the one of this process.
export const library = { name, ...(await all[name]()) };
