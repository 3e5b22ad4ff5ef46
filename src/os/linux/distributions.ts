import { debian } from './debian.ts';
import { chooseDistribution } from './distribution.ts';

/** Those that are described. */
const described = [debian];

/** Shell: the functions of the distribution that runs there. */
export const distributionFunctions = chooseDistribution(described);

/** Shell: ends with `unknownDistributionStatus` on any other, before something is changed. */
export const requireDistribution = chooseDistribution(described.map((one) => ({ ...one, functions: '  :' })));
