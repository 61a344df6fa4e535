import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/** A Vitest reporter that writes the counts of each test file, and the errors that belong to no test, to `$VELOX_REPORT`. */
export default class FileCountReporter {
  onTestRunEnd(modules, errors) {
    const files = modules.map((module) => {
      const counts = { passed: 0, failed: module.errors().length > 0 ? 1 : 0, skipped: 0 };
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'pending' ? 'failed' : state]++;
      }
      return { file: relative(process.cwd(), module.moduleId), project: module.project.name, ...counts };
    });
    const strays = errors.map((error) => ({
      file: error.VITEST_TEST_PATH && relative(process.cwd(), error.VITEST_TEST_PATH),
      message: String(error.message),
    }));
    writeFileSync(process.env.VELOX_REPORT, JSON.stringify({ files, strays }));
  }
}
