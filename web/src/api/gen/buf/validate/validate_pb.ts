// Written by scripts/generate.mjs: stands for buf/validate/validate.proto, without its content.
/* eslint-disable */

import type { GenFile } from "@bufbuild/protobuf/codegenv2";
import { fileDesc } from "@bufbuild/protobuf/codegenv2";

export const file_buf_validate_validate: GenFile = /*@__PURE__*/ fileDesc("ChtidWYvdmFsaWRhdGUvdmFsaWRhdGUucHJvdG8=");
