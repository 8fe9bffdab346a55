/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The interface, not yet filled in. */
#include <stddef.h>

#include <iomm/error.h>
#include <iomm/pasid.h>

#define NOT_YET -IOMM_EOPNOTSUPP

int iomm_ioasid_space_create(struct iomm_ctx *ctx,
			     const struct iomm_ioasid_space_config *config,
			     struct iomm_ioasid_space **out)
{
	(void)ctx;
	(void)config;
	(void)out;
	return NOT_YET;
}

struct iomm_ioasid_space *iomm_ioasid_space_get(struct iomm_ioasid_space *space)
{
	(void)space;
	return NULL;
}

void iomm_ioasid_space_put(struct iomm_ioasid_space *space)
{
	(void)space;
}

int iomm_ioasid_space_info(struct iomm_ioasid_space *space,
			   struct iomm_ioasid_space_info *info)
{
	(void)space;
	(void)info;
	return NOT_YET;
}

int iomm_ioasid_allocator_register(struct iomm_ioasid_space *space,
				   const struct iomm_ioasid_allocator_ops *ops,
				   void *data, void (*release)(void *data))
{
	(void)space;
	(void)ops;
	(void)data;
	(void)release;
	return NOT_YET;
}

int iomm_ioasid_allocator_unregister(
	struct iomm_ioasid_space *space,
	const struct iomm_ioasid_allocator_ops *ops, void *data)
{
	(void)space;
	(void)ops;
	(void)data;
	return NOT_YET;
}

int iomm_ioasid_subscribe(struct iomm_ioasid_space *space,
			  struct iomm_ioasid_set *set, uint32_t order,
			  int (*notify)(void *data,
					const struct iomm_ioasid_event *event),
			  void *data, void (*release)(void *data))
{
	(void)space;
	(void)set;
	(void)order;
	(void)notify;
	(void)data;
	(void)release;
	return NOT_YET;
}

int iomm_ioasid_unsubscribe(
	struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
	int (*notify)(void *data, const struct iomm_ioasid_event *event),
	void *data)
{
	(void)space;
	(void)set;
	(void)notify;
	(void)data;
	return NOT_YET;
}

int iomm_ioasid_set_create(struct iomm_ioasid_space *space,
			   const struct iomm_ioasid_set_config *config,
			   void (*release)(void *data),
			   struct iomm_ioasid_set **out)
{
	(void)space;
	(void)config;
	(void)release;
	(void)out;
	return NOT_YET;
}

struct iomm_ioasid_set *iomm_ioasid_set_get(struct iomm_ioasid_set *set)
{
	(void)set;
	return NULL;
}

void iomm_ioasid_set_put(struct iomm_ioasid_set *set)
{
	(void)set;
}

int iomm_ioasid_set_free(struct iomm_ioasid_set *set, uint32_t flags)
{
	(void)set;
	(void)flags;
	return NOT_YET;
}

int iomm_ioasid_set_info(struct iomm_ioasid_set *set,
			 struct iomm_ioasid_set_info *info)
{
	(void)set;
	(void)info;
	return NOT_YET;
}

int iomm_ioasid_alloc(struct iomm_ioasid_set *set, uint32_t min, uint32_t max,
		      void *data, uint32_t *id)
{
	(void)set;
	(void)min;
	(void)max;
	(void)data;
	(void)id;
	return NOT_YET;
}

int iomm_ioasid_free(struct iomm_ioasid_set *set, uint32_t id)
{
	(void)set;
	(void)id;
	return NOT_YET;
}

int iomm_ioasid_get(struct iomm_ioasid_space *space,
		    struct iomm_ioasid_set *set, uint32_t id)
{
	(void)space;
	(void)set;
	(void)id;
	return NOT_YET;
}

void iomm_ioasid_put(struct iomm_ioasid_space *space, uint32_t id)
{
	(void)space;
	(void)id;
}

int iomm_ioasid_find(struct iomm_ioasid_space *space,
		     struct iomm_ioasid_set *set, uint32_t id, void **data)
{
	(void)space;
	(void)set;
	(void)id;
	(void)data;
	return NOT_YET;
}

int iomm_ioasid_find_with(struct iomm_ioasid_space *space,
			  struct iomm_ioasid_set *set, uint32_t id,
			  void (*fn)(void *arg, uint32_t id, void *data),
			  void *arg)
{
	(void)space;
	(void)set;
	(void)id;
	(void)fn;
	(void)arg;
	return NOT_YET;
}

int iomm_ioasid_set_data(struct iomm_ioasid_set *set, uint32_t id, void *data)
{
	(void)set;
	(void)id;
	(void)data;
	return NOT_YET;
}

int iomm_ioasid_info(struct iomm_ioasid_space *space,
		     struct iomm_ioasid_set *set, uint32_t id,
		     struct iomm_ioasid_info *info)
{
	(void)space;
	(void)set;
	(void)id;
	(void)info;
	return NOT_YET;
}

int iomm_ioasid_bind(struct iomm_ioasid_space *space,
		     struct iomm_ioasid_set *set, uint32_t id)
{
	(void)space;
	(void)set;
	(void)id;
	return NOT_YET;
}

int iomm_ioasid_unbind(struct iomm_ioasid_space *space,
		       struct iomm_ioasid_set *set, uint32_t id)
{
	(void)space;
	(void)set;
	(void)id;
	return NOT_YET;
}

int iomm_ioasid_attach_spid(struct iomm_ioasid_set *set, uint32_t id,
			    uint64_t spid)
{
	(void)set;
	(void)id;
	(void)spid;
	return NOT_YET;
}

int iomm_ioasid_detach_spid(struct iomm_ioasid_set *set, uint64_t spid)
{
	(void)set;
	(void)spid;
	return NOT_YET;
}

int iomm_ioasid_find_spid(struct iomm_ioasid_set *set, uint64_t spid,
			  uint32_t *id)
{
	(void)set;
	(void)spid;
	(void)id;
	return NOT_YET;
}

int iomm_ioasid_for_each(struct iomm_ioasid_set *set,
			 int (*visit)(void *arg, uint32_t id, void *data),
			 void *arg)
{
	(void)set;
	(void)visit;
	(void)arg;
	return NOT_YET;
}

int iomm_pasid_create(struct iomm_ioasid_space *space,
		      const struct iomm_ioasid_set_config *config,
		      void (*data_release)(void *data),
		      const struct iomm_pasid_ops *ops, void *driver,
		      void (*driver_release)(void *driver),
		      struct iomm_pasid **out)
{
	(void)space;
	(void)config;
	(void)data_release;
	(void)ops;
	(void)driver;
	(void)driver_release;
	(void)out;
	return NOT_YET;
}

struct iomm_pasid *iomm_pasid_get(struct iomm_pasid *pasid)
{
	(void)pasid;
	return NULL;
}

void iomm_pasid_put(struct iomm_pasid *pasid)
{
	(void)pasid;
}

struct iomm_ioasid_set *iomm_pasid_set(struct iomm_pasid *pasid)
{
	(void)pasid;
	return NULL;
}

int iomm_pasid_alloc(struct iomm_pasid *pasid, void *data, uint32_t *id)
{
	(void)pasid;
	(void)data;
	(void)id;
	return NOT_YET;
}

int iomm_pasid_free(struct iomm_pasid *pasid, uint32_t id)
{
	(void)pasid;
	(void)id;
	return NOT_YET;
}

int iomm_pasid_find(struct iomm_pasid *pasid, uint32_t id, void **data)
{
	(void)pasid;
	(void)id;
	(void)data;
	return NOT_YET;
}

int iomm_pasid_for_each(struct iomm_pasid *pasid,
			int (*visit)(void *arg, uint32_t id, void *data),
			void *arg)
{
	(void)pasid;
	(void)visit;
	(void)arg;
	return NOT_YET;
}
