/** One slot of each resource, asked for at once. */
export interface QueuedRequest {
  readonly resources: readonly string[];
  /** Whether it has its slots. */
  readonly granted: boolean;
}

/** Where a waiting request stands: in the queue of the resource that it lacks, the longest one where it lacks several. */
export interface QueuePlace {
  readonly resource: string;
  /** 1 is next. */
  readonly position: number;
}

/** `place 3 in the queue of host/kvm-2, which has 4 slots` */
export function describePlace({ resource, position, slots }: QueuePlace & { readonly slots: number }): string {
  const has = slots === 1 ? '1 slot' : `${String(slots)} slots`;
  return `place ${String(position)} in the queue of ${resource}, which has ${has}`;
}

/** What comes of looking at the queue once. */
export interface QueueLook<Request> {
  /** They get their slots now, in this order. */
  readonly grants: readonly Request[];
  /** They go on waiting, in the order of asking. */
  readonly waiting: readonly { readonly request: Request; readonly place: QueuePlace }[];
}

/**
 * Who gets slots now: first come, first served. `requests` are in the order of asking.
 *
 * A request gets all of its slots at once or none, so two can never wait for each other. It is passed by a later one only where it lacks
 * something that the later one does not need: a host that is full keeps nobody from another host. What the longest waiting request needs
 * and is free is kept for it, so that it cannot be passed for ever; that leaves at most one slot of a resource unused. For one that needs a
 * resource without slots, which an administrator has closed, nothing is kept.
 */
export function lookAtQueue<Request extends QueuedRequest>(
  requests: readonly Request[],
  slotsOf: (resource: string) => number,
): QueueLook<Request> {
  const free = createFree(slotsOf);
  for (const request of requests) if (request.granted) free.take(request.resources);
  const grants: Request[] = [];
  const waiting: { request: Request; place: QueuePlace }[] = [];
  const lengths = new Map<string, number>();
  let isKept = false;
  for (const request of requests.filter(({ granted }) => !granted)) {
    const { resources } = request;
    // What an earlier one lacks this one lacks too: within a look nothing becomes free.
    const lacks = resources.filter((resource) => free.of(resource) <= 0);
    if (lacks.length === 0) {
      grants.push(request);
      free.take(resources);
      continue;
    }
    for (const resource of resources) lengths.set(resource, (lengths.get(resource) ?? 0) + 1);
    waiting.push({ request, place: longestOf(lacks, lengths) });
    if (isKept || lacks.some((resource) => slotsOf(resource) === 0)) continue;
    free.take(resources);
    isKept = true;
  }
  return { grants, waiting };
}

function createFree(slotsOf: (resource: string) => number) {
  const left = new Map<string, number>();
  const of = (resource: string): number => left.get(resource) ?? slotsOf(resource);
  return {
    of,
    take: (resources: readonly string[]): void => {
      for (const resource of resources) left.set(resource, of(resource) - 1);
    },
  };
}

/** `lengths`: how many wait for each resource, this one among them. */
function longestOf(lacks: readonly string[], lengths: ReadonlyMap<string, number>): QueuePlace {
  const places = lacks.map((resource) => ({ resource, position: lengths.get(resource) ?? 1 }));
  return places.reduce((longest, place) => (place.position > longest.position ? place : longest));
}
