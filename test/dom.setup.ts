// @testing-library/react looks for this; test globals are off in this project.
(globalThis as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = true;
