#pragma once
// Input pointers are const, so that Swift can pass arrays it does not own.
#define ZLIB_CONST
#include <zlib.h>
