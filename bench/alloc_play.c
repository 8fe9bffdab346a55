/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plays a trace one way or another. */
#include "alloc.h"

#include <stdlib.h>
#include <string.h>

struct alloc_slot {
	void *at[PARTS];
	uint32_t bytes[PARTS];
};

void alloc_sit_down(struct alloc_player *player, const struct alloc_way *way,
		    const struct alloc_trace *trace, void *state)
{
	*player = (struct alloc_player){
		.way = way,
		.trace = trace,
		.state = state,
		.source = malloc(ALLOC_MOST),
		.slots = calloc(trace->live, sizeof(struct alloc_slot)),
	};
	bench_check(player->source && player->slots, "no memory");
	memset(player->source, 0x90, ALLOC_MOST);
}

static void empty(struct alloc_player *player, struct alloc_slot *slot)
{
	uint32_t part;

	for (part = 0; part < PARTS; part++) {
		if (!slot->at[part])
			continue;
		player->way->drop(player->state, part, slot->at[part],
				  slot->bytes[part]);
		slot->at[part] = NULL;
	}
}

static inline void
play_code(struct alloc_player *player, const struct alloc_turn *turn)
{
	struct alloc_slot *slot = &player->slots[turn->slot];

	if (slot->at[0])
		player->way->drop(player->state, 0, slot->at[0],
				  slot->bytes[0]);
	slot->at[0] =
		player->way->put(player->state, player->source, turn->bytes[0]);
	slot->bytes[0] = turn->bytes[0];
}

/* The part that is needed at the start only goes at once. */
static void
play_module(struct alloc_player *player, const struct alloc_turn *turn)
{
	struct alloc_slot *slot = &player->slots[turn->slot];

	empty(player, slot);
	memcpy(slot->bytes, turn->bytes, sizeof(slot->bytes));
	player->way->load(player->state, player->source, slot->bytes, slot->at);
	player->way->drop(player->state, PART_INIT, slot->at[PART_INIT],
			  slot->bytes[PART_INIT]);
	slot->at[PART_INIT] = NULL;
}

void alloc_play(struct alloc_player *player, uint32_t turns)
{
	const struct alloc_trace *trace = player->trace;
	uint32_t next = player->next;

	while (turns--) {
		if (trace->turn[next].bytes[1])
			play_module(player, &trace->turn[next]);
		else
			play_code(player, &trace->turn[next]);
		if (++next == trace->count)
			next = 0;
	}
	player->next = next;
}

void alloc_get_up(struct alloc_player *player)
{
	uint32_t i;

	for (i = 0; i < player->trace->live; i++)
		empty(player, &player->slots[i]);
	free(player->slots);
	free(player->source);
}

uint64_t alloc_asked(const struct alloc_player *player)
{
	uint64_t sum = 0;
	uint32_t i, part;

	for (i = 0; i < player->trace->live; i++) {
		for (part = 0; part < PARTS; part++) {
			if (player->slots[i].at[part])
				sum += player->slots[i].bytes[part];
		}
	}
	return sum;
}
