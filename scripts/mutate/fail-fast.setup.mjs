/** A property test that fails has noticed the change: the smallest counterexample would only cost time. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
